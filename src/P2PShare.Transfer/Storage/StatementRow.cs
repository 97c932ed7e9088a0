using P2PShare.Protocol;
using SQLitePCL;

namespace P2PShare.Transfer.Storage;

/// <summary>The row at which a statement is; valid until the next one. Columns are counted from 0.</summary>
internal readonly ref struct StatementRow(sqlite3_stmt statement)
{
    /// <summary>Of a column that is not null.</summary>
    public string Text(int column) => raw.sqlite3_column_text(statement, column).utf8_to_string();

    public long Integer(int column) => raw.sqlite3_column_int64(statement, column);

    public long? NullableInteger(int column) => IsNull(column) ? null : Integer(column);

    /// <summary>Empty for null.</summary>
    public ReadOnlySpan<byte> Bytes(int column) => raw.sqlite3_column_blob(statement, column);

    public Hash256? NullableHash(int column) => IsNull(column) ? null : new Hash256(Bytes(column));

    private bool IsNull(int column) => raw.sqlite3_column_type(statement, column) == raw.SQLITE_NULL;
}
