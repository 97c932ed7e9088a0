namespace P2PShare.Bench.Measuring;

/// <summary>What processes spent, in seconds.</summary>
/// <param name="User">Processor time outside the kernel.</param>
/// <param name="System">Processor time in the kernel.</param>
/// <param name="Compiling">Time of the JIT compiler, all threads together; null: no .NET program, or unknown.</param>
internal readonly record struct Usage(double User, double System, double? Compiling = null)
{
    /// <summary>User and system time.</summary>
    public double Processor => User + System;

    public static Usage operator +(Usage left, Usage right) =>
        new(left.User + right.User, left.System + right.System, left.Compiling is null ? right.Compiling : left.Compiling + (right.Compiling ?? 0));

    public static Usage operator -(Usage left, Usage right) => new(left.User - right.User, left.System - right.System, left.Compiling - right.Compiling);
}
