using Microsoft.Extensions.Logging.Abstractions;
using P2PShare.TrackerHost.Observability;

namespace P2PShare.Unit.TrackerHost;

public sealed class AuditTests
{
    [Fact]
    public void An_act_that_a_command_of_a_newer_version_left_is_written_all_the_same()
    {
        using var audit = new Audit(NullLoggerFactory.Instance);

        var problem = Record.Exception(() => audit.WriteOperator((AuditAct)999, "root", "something"));

        Assert.Null(problem);
    }
}
