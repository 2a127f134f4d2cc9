using System.Text;

namespace VkInfer.Formats.Tests;

/// <summary>Every metadata type arrives unchanged, and typed access widens safely or refuses.</summary>
public class GgufMetadataTests
{
    [Test]
    public void Every_scalar_type_keeps_its_extremes()
    {
        using GgufFile file = Open(new GgufWriter()
            .Add("u8", byte.MaxValue).Add("i8", sbyte.MinValue).Add("u16", ushort.MaxValue).Add("i16", short.MinValue)
            .Add("u32", uint.MaxValue).Add("i32", int.MinValue).Add("i64", long.MinValue).Add("u64", (ulong)long.MaxValue)
            .Add("f32", -1.5f).Add("f64", 0.25).Add("yes", true).Add("no", false).Add("text", "Grüße 🦊").Add("empty", ""));
        Assert.Multiple(() =>
        {
            Assert.That(file.GetLong("u8"), Is.EqualTo(byte.MaxValue));
            Assert.That(file.GetLong("i8"), Is.EqualTo(sbyte.MinValue));
            Assert.That(file.GetLong("u16"), Is.EqualTo(ushort.MaxValue));
            Assert.That(file.GetLong("i16"), Is.EqualTo(short.MinValue));
            Assert.That(file.GetLong("u32"), Is.EqualTo(uint.MaxValue));
            Assert.That(file.GetInt("i32"), Is.EqualTo(int.MinValue));
            Assert.That(file.GetLong("i64"), Is.EqualTo(long.MinValue));
            Assert.That(file.GetLong("u64"), Is.EqualTo(long.MaxValue));
            Assert.That(file.GetFloat("f32"), Is.EqualTo(-1.5f));
            Assert.That(file.GetFloat("f64"), Is.EqualTo(0.25f));
            Assert.That(file.GetBool("yes"), Is.True);
            Assert.That(file.GetBool("no"), Is.False);
            Assert.That(file.GetString("text"), Is.EqualTo("Grüße 🦊"));
            Assert.That(file.GetString("empty"), Is.Empty);
            Assert.That(file.Metadata.Keys.First(), Is.EqualTo("u8"), "the order of the file");
            Assert.That(file.Metadata["i8"].ToString(), Is.EqualTo("-128"));
        });
    }

    [Test]
    public void Every_integer_array_is_widened_by_sign()
    {
        using GgufFile file = Open(new GgufWriter()
            .Add("u8", new byte[] { 200, 1 }).Add("i8", new sbyte[] { -56, 1 }).Add("u16", new ushort[] { 60000 })
            .Add("i16", new short[] { -2 }).Add("u32", new uint[] { 7 }).Add("i32", new[] { -7 })
            .Add("u64", new ulong[] { 8 }).Add("i64", new long[] { -8 }).Add("none", Array.Empty<byte>()));
        Assert.Multiple(() =>
        {
            Assert.That(file.GetIntArray("u8"), Is.EqualTo([200, 1]));
            Assert.That(file.GetIntArray("i8"), Is.EqualTo([-56, 1]));
            Assert.That(file.GetIntArray("u16"), Is.EqualTo([60000]));
            Assert.That(file.GetIntArray("i16"), Is.EqualTo([-2]));
            Assert.That(file.GetIntArray("u32"), Is.EqualTo([7]));
            Assert.That(file.GetIntArray("i32"), Is.EqualTo([-7]));
            Assert.That(file.GetIntArray("u64"), Is.EqualTo([8]));
            Assert.That(file.GetIntArray("i64"), Is.EqualTo([-8]));
            Assert.That(file.GetIntArray("none"), Is.Empty);
            Assert.That(file.Metadata["i8"].ToString(), Is.EqualTo("Int8[2] [-56, 1]"));
        });
    }

    [Test]
    public void Tokens_that_are_not_utf8_keep_their_bytes()
    {
        byte[] half = [0xF0, 0x9F];
        byte[] array = GgufWriter.Array(8, 3, GgufWriter.Text("a"), GgufWriter.Text(half), GgufWriter.Text(""));
        using GgufFile file = Open(new GgufWriter().AddRaw("tokens", 9, array));
        GgufByteStrings tokens = file.GetByteStringArray("tokens", 3);
        Assert.That(tokens[1].ToArray(), Is.EqualTo(half));
        Assert.That(tokens[2].Length, Is.Zero);
        Assert.That(file.GetStringArray("tokens"), Is.EqualTo(["a", "\uFFFD", ""]));
    }

    [Test]
    public void Nested_arrays_keep_their_elements()
    {
        using GgufFile file = Open(new GgufWriter().Add("nested", new object[] { new[] { 1, 2 }, new[] { "x" } }));
        GgufValue nested = file.Metadata["nested"];
        Assert.That(nested.GetElement(0).GetElement(1).TryGetInt64(out long two) && two == 2, Is.True);
        Assert.That(nested.GetElement(1).GetElement(0).TryGetString(out string? x) && x == "x", Is.True);
    }

    [Test]
    public void Wrong_types_and_ranges_name_key_expected_and_got()
    {
        using GgufFile file = Open(new GgufWriter()
            .Add("scores", new byte[] { 1, 2, 3 }).Add("count", -1).Add("huge", ulong.MaxValue).Add("eps", float.NaN)
            .Add("wide", 1e300).Add("text", "x").Add("ids", new[] { 1L, 1L << 40 }).Add("one", 1u));
        Assert.Multiple(() =>
        {
            Refuses(() => file.GetFloatArray("scores"), "'scores' has the wrong type; expected an array of floats, got UInt8[3]");
            Refuses(() => file.GetIntArray("scores", 4), "'scores' has the wrong length; expected 4 elements, got 3");
            Refuses(() => file.GetStringArray("scores"), "'scores' has the wrong type; expected an array of strings, got UInt8[3]");
            Refuses(() => file.GetIntArray("one"), "'one' has the wrong type; expected an array of integers, got UInt32");
            Refuses(() => file.GetInt("count", 1, 1000), "'count' is out of range; expected 1 to 1000, got -1");
            Refuses(() => file.GetInt("huge"), "'huge' is out of range; expected -2147483648 to 2147483647, got 18446744073709551615");
            Refuses(() => file.GetIntArray("ids"), "'ids' has element 1 out of range");
            Refuses(() => file.GetFloat("eps"), "'eps' is out of range; expected a finite binary32, got NaN");
            Refuses(() => file.GetFloat("wide"), "'wide' is out of range");
            Refuses(() => file.GetFloat("one"), "'one' has the wrong type; expected a float, got UInt32");
            Refuses(() => file.GetInt("text"), "'text' has the wrong type; expected an integer, got String");
            Refuses(() => file.TryGetBool("one", out _), "'one' has the wrong type; expected a bool, got UInt32");
            Refuses(() => file.GetString("one"), "'one' has the wrong type; expected a string, got UInt32");
            Refuses(() => file.GetString("absent"), "'absent' is missing; expected a string");
            Assert.That(file.TryGetInt("absent", out _), Is.False);
            Assert.That(file.TryGetString("absent", out _), Is.False);
        });
    }

    [Test]
    public void Metadata_outlives_the_file()
    {
        GgufFile file = Open(new GgufWriter().Add("tokens", new[] { "a", "b" }).Add("name", "n"));
        file.Dispose();
        Assert.That(file.GetStringArray("tokens"), Is.EqualTo(["a", "b"]));
        Assert.That(file.GetString("name"), Is.EqualTo("n"));
    }

    [Test]
    public void Control_characters_of_a_value_do_not_reach_the_terminal()
    {
        using GgufFile file = Open(new GgufWriter().Add("name", "a\u001b[2J\nb"));
        Assert.That(file.Metadata["name"].ToString(), Is.EqualTo("'a\\u001b[2J\\u000ab'"));
        Assert.That(
            file.Metadata["name"].TryGetBytes(out ReadOnlyMemory<byte> bytes) ? bytes.ToArray() : [],
            Is.EqualTo(Encoding.UTF8.GetBytes("a\u001b[2J\nb")));
    }

    private static GgufFile Open(GgufWriter writer) => GgufFile.Open(writer.ToArray(), "test.gguf");

    private static void Refuses(Action action, string fragment)
    {
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => action())!;
        Assert.That(error.Message, Does.StartWith("test.gguf").And.Contains(fragment));
    }
}
