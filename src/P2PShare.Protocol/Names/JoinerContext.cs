using System.Globalization;
using System.Text;

namespace P2PShare.Protocol.Names;

/// <summary>
/// Where a script uses the invisible joiners U+200C (ZWNJ) and U+200D (ZWJ): the rules CONTEXTJ of RFC 5892, appendices A.1 and A.2.
/// </summary>
internal static class JoinerContext
{
    private const int NonJoiner = 0x200C;

    // Canonical_Combining_Class=Virama (9).
    private static readonly CodePointSet Viramas = new(
        """
        94D 9CD A4D ACD B4D BCD C4D CCD D3B-D3C D4D DCA E3A EBA F84 1039-103A 1714-1715 1734 17D2 1A60 1B44 1BAA-1BAB 1BF2-1BF3
        2D7F A806 A82C A8C4 A953 A9C0 AAF6 ABED 10A3F 11046 11070 1107F 110B9 11133-11134 111C0 11235 112EA 1134D 11442 114C2
        115BF 1163F 116B6 1172B 11839 1193D-1193E 119E0 11A34 11A47 11A99 11C3F 11D44-11D45 113CE-113D0 11D97 11F41-11F42 1612F
        """);

    // Joining_Type of the Unicode Character Database (DerivedJoiningType.txt, 14.0): Left_Joining or Dual_Joining.
    private static readonly CodePointSet JoinsNext = new(
        """
        620 626 628 62A-62E 633-63F 641-647 649-64A 66E-66F 678-687 69A-6BF 6C1-6C2 6CC 6CE 6D0-6D1 6FA-6FC 6FF 712-714 71A-71D
        71F-727 729 72B 72D-72E 74E-758 75C-76A 76D-770 772 775-777 77A-77F 7CA-7EA 841-845 848 84A-853 855 860 862-865 868 886
        889-88D 8A0-8A9 8AF-8B0 8B3-8B8 8BA-8C8 1807 1820-1878 1887-18A8 18AA A840-A872 10AC0-10AC4 10ACD 10AD3-10ADC
        10ADE-10AE0 10AEB-10AEE 10B80 10B82 10B86-10B88 10B8A-10B8B 10B8D 10B90 10BAD-10BAE 10D00-10D21 10D23 10F30-10F32
        10F34-10F44 10F51-10F53 10F70-10F73 10F76-10F81 10FB0 10FB2-10FB3 10FB8 10FBB-10FBC 10FBE-10FBF 10FC1 10FC4 10FCA-10FCB
        1E900-1E943
        """);

    // Right_Joining or Dual_Joining.
    private static readonly CodePointSet JoinsPrevious = new(
        """
        620 622-63F 641-64A 66E-66F 671-673 675-6D3 6D5 6EE-6EF 6FA-6FC 6FF 710 712-72F 74D-77F 7CA-7EA 840-858 860 862-865
        867-86A 870-882 886 889-88E 8A0-8AC 8AE-8C8 1807 1820-1878 1887-18A8 18AA A840-A871 10AC0-10AC5 10AC7 10AC9-10ACA
        10ACE-10AD6 10AD8-10AE1 10AE4 10AEB-10AEF 10B80-10B91 10BA9-10BAE 10D01-10D23 10F30-10F44 10F51-10F54 10F70-10F81 10FB0
        10FB2-10FB6 10FB8-10FBF 10FC1-10FC4 10FC9-10FCA 1E900-1E943
        """);

    /// <summary>Whether the joiner at <paramref name="index"/> is in a place where its script uses it.</summary>
    public static bool Allows(ReadOnlySpan<Rune> text, int index) =>
        (index > 0 && Viramas.Contains(text[index - 1])) || (text[index].Value == NonJoiner && IsBetweenJoining(text, index));

    // (Joining_Type:{L,D})(Joining_Type:T)*(ZWNJ)(Joining_Type:T)*(Joining_Type:{R,D})
    private static bool IsBetweenJoining(ReadOnlySpan<Rune> text, int index)
    {
        var before = index - 1;
        while (before >= 0 && IsTransparent(text[before]))
        {
            before--;
        }

        var after = index + 1;
        while (after < text.Length && IsTransparent(text[after]))
        {
            after++;
        }

        return before >= 0 && after < text.Length && JoinsNext.Contains(text[before]) && JoinsPrevious.Contains(text[after]);
    }

    // Joining_Type=Transparent: marks. Format characters are refused anyway.
    private static bool IsTransparent(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark;
}
