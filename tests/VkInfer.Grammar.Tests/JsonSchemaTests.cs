namespace VkInfer.Grammar.Tests;

public sealed class JsonSchemaTests
{
    [TestCase("true", """["a",1,null] {"a":{"b":[true,false]}} -0.5e-3 "\"\\u00e9\"" """, """[1,] {a:1} 01 tru "\ud800" """)]
    [TestCase("""{"type":"string","minLength":2,"maxLength":3}""", """ "ab" "a\n" "é漢😀" "\"\"\"" """, """ "a" "abcd" ab """)]
    [TestCase("""{"type":"integer"}""", "0 -5 123456789012345", "01 1.0 1234567890123456 -")]
    [TestCase("""{"type":"integer","minimum":-12,"maximum":105}""", "-12 -1 0 7 99 100 105", "-13 106 1000 -0 007")]
    [TestCase("""{"type":"integer","exclusiveMinimum":9,"exclusiveMaximum":20}""", "10 19", "9 20 1")]
    [TestCase("""{"type":"integer","minimum":0.5,"maximum":2.5}""", "1 2", "0 3")]
    [TestCase("""{"type":"integer","maximum":-3}""", "-3 -10 -999999999999999", "-2 0 3")]
    [TestCase("""{"type":["number","null"]}""", "1.5 -2e10 null", "true 1. .5 1e999")]
    [TestCase("""{"enum":["a",1.50,null,{"b":[1]}]}""", """ "a" 1.50 null {"b":[1]} """, """ "b" 1.5 """)]
    [TestCase("""{"type":"integer","enum":["a",1,2.5,3.0]}""", "1 3.0", "2.5 \"a\"")]
    [TestCase("""{"const":"é\n"}""", "\"é\\n\"", "\"e\"")]
    [TestCase("""{"type":"boolean"}""", "true false", "null")]
    [TestCase("""{"anyOf":[{"type":"null"},{"type":"boolean"}]}""", "null true", "1")]
    [TestCase("""{"allOf":[{"type":"null"}]}""", "null", "true")]
    [TestCase("""{"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":3}""", "[1] [1,2] [1,2,3]", "[] [1,2,3,4] [1,\"a\"]")]
    [TestCase(
        """{"type":"array","prefixItems":[{"type":"null"},{"type":"boolean"}],"items":false}""", "[] [null] [null,true]",
        "[true] [null,true,1]")]
    [TestCase(
        """{"prefixItems":[{"type":"null"}],"items":{"const":1},"minItems":2,"maxItems":3}""", "[null,1] [null,1,1]",
        "[null] [null,1,1,1] []")]
    [TestCase("""{"type":"array","maxItems":0}""", "[]", "[1]")]
    [TestCase("""{"format":"date"}""", "\"2024-02-28\" \"1999-12-31\"", "\"2024-02-30\" \"2024-13-01\" \"2024-04-31\"")]
    [TestCase(
        """{"format":"date-time"}""", "\"2024-02-28T23:59:59.5Z\" \"2024-01-01T00:00:00+05:30\"",
        "\"2024-02-28\" \"2024-01-01T24:00:00Z\"")]
    [TestCase("""{"format":"uuid"}""", "\"01234567-89ab-cdef-0123-456789abcdef\"", "\"01234567-89ab-cdef-0123-456789abcde\"")]
    public void Matches_what_is_valid_and_nothing_else(string schema, string valid, string invalid)
    {
        CompiledGrammar grammar = JsonSchema.Compile(schema);
        foreach (string text in valid.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            Assert.That(grammar.IsMatch(text), Is.True, text);
        }

        foreach (string text in invalid.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            Assert.That(grammar.IsMatch(text), Is.False, text);
        }
    }

    [TestCase("""{"type":"string","format":"color"}""", "\"red\" \"x\"", "1")]
    [TestCase("""{"type":"string","format":"phone","maxLength":5}""", "\"12345\" \"x\"", "\"123456\"")]
    [TestCase("""{"type":"integer","format":"int32"}""", "7", "\"7\"")]
    [TestCase("""{"type":"number","format":"double"}""", "7.5", "\"7\"")]
    [TestCase("""{"format":"int64","minimum":3}""", "3", "2 \"3\"")]
    [TestCase("""{"format":"byte"}""", "\"AAAA\" 1 null", "x")]
    [TestCase("""{"type":"string","enum":["a"],"format":"color"}""", "\"a\"", "\"b\"")]
    [TestCase("""{"type":"string","format":"date","minLength":10,"maxLength":10}""", "\"2024-02-28\"", "\"2024-02-3\"")]
    [TestCase(
        """{"type":"null","x-order":1,"nullable":true,"example":{},"discriminator":{"propertyName":"a"},"uniqueItems":false}""", "null",
        "1")]
    [TestCase("""{"$ref":"#/$defs/a","x-note":1,"$defs":{"a":{"type":"null","$dynamicAnchor":"a"}}}""", "null", "1")]
    public void Unknown_formats_and_keywords_are_annotations(string schema, string valid, string invalid) =>
        Matches_what_is_valid_and_nothing_else(schema, valid, invalid);

    [TestCase(
        """{"enum":["😀","x\u00aby"]}""", """ "😀" "\ud83d\ude00" "\uD83D\uDE00" "x«y" "x\u00aby" "x\u00ABy" """,
        """ "\ud83d" "xy" "\u1F600" """)]
    [TestCase("""{"const":"a\"\\\t\u0001/é"}""", """ "a\"\\\t\u0001/é" "a\u0022\u005c\u0009\u0001/\u00e9" """, """ "a" """)]
    [TestCase(
        """{"properties":{"größe":{"const":["日本",{"k":1.0}]}}}""",
        """{"größe":["日本",{"k":1.0}]} {"gr\u00f6\u00DFe":["\u65e5本",{"k":1.0}]} {}""", """{"grosse":1} {"größe":["日本"]}""")]
    [TestCase(
        """{"properties":{"😀":{"type":"null"}},"additionalProperties":{"const":1}}""", """{"😀":null} {"\ud83d\ude00":null,"😁":1}""",
        """{"😀":1} {"\ud83d\ude00":1}""")]
    public void Characters_stand_as_themselves_or_escaped(string schema, string valid, string invalid) =>
        Matches_what_is_valid_and_nothing_else(schema, valid, invalid);

    [TestCase('\u00a0')]
    [TestCase('\u2028')]
    [TestCase('\ufeff')]
    [TestCase('\u007f')]
    public void Characters_that_other_writers_escape_stand_as_themselves_too(char character)
    {
        CompiledGrammar grammar = JsonSchema.Compile($"{{\"enum\":[\"{character}\"]}}");
        Assert.That(grammar.IsMatch($"\"{character}\""), Is.True);
        Assert.That(grammar.IsMatch($"\"\\u{(int)character:x4}\""), Is.True);
    }

    [Test]
    public void Values_of_a_constant_may_have_white_space_between() => Assert.That(
        JsonSchema.Compile("""{"const":{"a":[1,2],"b":{}}}""").IsMatch("{\n  \"a\": [1, 2],\n  \"b\": {}\n}"), Is.True);

    [TestCase("date", "")]
    [TestCase("date-time", "T00:00:00Z")]
    public void Dates_are_those_of_the_calendar(string format, string rest)
    {
        CompiledGrammar grammar = JsonSchema.Compile($"{{\"format\":\"{format}\"}}");
        foreach (int year in new[] { 1600, 1700, 1896, 1900, 1904, 1999, 2000, 2023, 2024, 2100, 2396, 2400, 9996, 9999 })
        {
            for (int month = 0; month <= 13; month++)
            {
                for (int day = 0; day <= 32; day++)
                {
                    bool exists = month is >= 1 and <= 12 && day >= 1 && day <= DateTime.DaysInMonth(year, month);
                    string text = $"\"{year:D4}-{month:D2}-{day:D2}{rest}\"";
                    Assert.That(grammar.IsMatch(text), Is.EqualTo(exists), text);
                }
            }
        }
    }

    private const string Named = """
        {"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"null"},"c":{"type":"boolean"}},"required":["b"]
        """;

    [TestCase(
        Named + "}", """{"b":null} {"a":1,"b":null} {"b":null,"c":true} {"a":1,"b":null,"c":true}""",
        """{} {"a":1} {"b":null,"a":1} {"b":null,} {,"b":null} {"b":null,"d":1}""")]
    [TestCase(
        Named + ""","additionalProperties":{"type":"string"}}""", """{"b":null,"d":"x"} {"b":null,"c":true,"bb":"x","":"y"}""",
        """{"d":"x"} {"b":null,"d":1} {"b":null,"a":"x"} {"b":null,"\u0061":"x"}""")]
    [TestCase(
        """{"type":"object","properties":{"a":false,"b":{"const":1}},"additionalProperties":true}""",
        """{} {"b":1} {"c":[]} {"b":1,"c":{}}""", """{"a":1} {"b":2}""")]
    [TestCase("""{"required":["x"],"additionalProperties":{"type":"integer"}}""", """{"x":1} {"x":1,"y":2}""", """{} {"y":2} {"x":null}""")]
    [TestCase("""{"type":"object"}""", """{} {"a":1,"b":[]}""", "[] {1:2}")]
    [TestCase("""{"additionalProperties":false}""", "{}", """{"a":1}""")]
    public void Objects_have_what_the_schema_asks_for(string schema, string valid, string invalid) =>
        Matches_what_is_valid_and_nothing_else(schema, valid, invalid);

    [Test]
    public void White_space_stands_between_tokens() =>
        Assert.That(JsonSchema.Compile(Named + "}").IsMatch("{\n  \"a\": 1,\n  \"b\": null\n}"), Is.True);

    [Test]
    public void A_schema_may_refer_to_itself()
    {
        CompiledGrammar grammar = JsonSchema.Compile("""
            {"$ref":"#/$defs/tree","$defs":{"tree":{"type":"object","properties":{"v":{"type":"integer"},"kids":{"type":"array","items":{"$ref":"#/$defs/tree"}}},"required":["v"]}}}
            """);
        Assert.That(grammar.IsMatch("""{"v":1,"kids":[{"v":2},{"v":3,"kids":[]}]}"""), Is.True);
        Assert.That(grammar.IsMatch("""{"v":1,"kids":[{"kids":[]}]}"""), Is.False);
        Assert.That(JsonSchema.Compile("""{"type":"array","items":{"$ref":"#"}}""").IsMatch("[[],[[]]]"), Is.True);
    }

    [Test]
    public void What_is_nested_can_be_read()
    {
        string text = "";
        while (JsonSchema.AnyValue.IsPrefix(text + "["))
        {
            text += "[";
        }

        Assert.That(text, Has.Length.InRange(30, 64));
        Assert.That(JsonSchema.AnyValue.IsMatch(text + new string(']', text.Length)), Is.True);
    }

    [TestCase("{", "line 1: the schema is no JSON")]
    [TestCase("1", "#: a schema is an object, true or false; found number")]
    [TestCase("false", "#: the schema 'false' allows nothing")]
    [TestCase("""{"properties":{"a":{"type":"array","uniqueItems":true}}}""", "#/properties/a: 'uniqueItems' is supported for lists")]
    [TestCase("""{"not":{}}""", "#: the schema allows nothing")]
    [TestCase("""{"type":"text"}""", "#: type 'text' is not one of array, boolean, integer, null, number, object, string")]
    [TestCase("""{"type":[]}""", "#: 'type' is empty")]
    [TestCase("""{"anyOf":[]}""", "#: 'anyOf' is empty")]
    [TestCase("""{"type":"string","enum":[1]}""", "#: the schema allows nothing")]
    [TestCase("""{"$ref":"other.json"}""", "#: '$ref' to 'other.json' is not supported")]
    [TestCase("""{"$ref":"#/$defs/x"}""", "#: '$ref' to '#/$defs/x' leads nowhere")]
    [TestCase("""{"$ref":"#"}""", "#: '$ref' leads back to itself")]
    [TestCase("""{"properties":{"a":{"$ref":"#"}},"required":["a"]}""", "#: rule '#' can never end")]
    [TestCase("""{"type":"string","minLength":3,"maxLength":2}""", "#: 'minLength' 3 is more than 'maxLength' 2")]
    [TestCase("""{"type":"string","minLength":-1}""", "#: 'minLength' is a whole number from 0; found -1")]
    [TestCase("""{"type":"string","minLength":1.5}""", "#: 'minLength' is a whole number from 0; found 1.5")]
    [TestCase("""{"type":"string","minLength":1000000001}""", "#: 'minLength' is at most 1000000000; found 1000000001")]
    [TestCase("""{"type":"string","format":"date","maxLength":9}""", "#: rule '#' can never end: nothing matches")]
    [TestCase("""{"type":"string","format":1}""", "#: 'format' is a string; found number")]
    [TestCase("""{"type":"integer","minimum":5,"maximum":4}""", "#: the schema allows nothing")]
    [TestCase("""{"required":["a"],"additionalProperties":false}""", "#: rule '#' can never end: nothing matches")]
    [TestCase("""{"prefixItems":[true],"items":false,"minItems":2}""", "#: rule '#' can never end: nothing matches")]
    [TestCase("""{"type":"array","contains":{"type":"null"}}""", "#: keyword 'contains' is not supported")]
    [TestCase("""{"properties":{"a":{"unevaluatedProperties":false}}}""", "#/properties/a: keyword 'unevaluatedProperties' is not supported")]
    [TestCase("""{"not":{"items":{"type":"null"}}}""", "#/not: keyword 'items' is not supported where it must not hold")]
    [TestCase("""{"oneOf":[{"items":{"type":"null"}},{"minItems":1}]}""", "#/oneOf/0: keyword 'items' is not supported where it must not hold")]
    [TestCase("""{"not":{"const":{}}}""", "#: an array or object that is not allowed")]
    [TestCase("""{"type":"string","not":{"format":"email"}}""", "#/not: 'format' email that must not hold")]
    [TestCase("""{"type":"object","minProperties":2}""", "#: 'minProperties' 2 is supported up to one more than the 0 properties")]
    [TestCase("""{"type":"integer","multipleOf":123457}""", "#: 'multipleOf', together with what stands beside it, needs too many states")]
    [TestCase("""{"type":"number","multipleOf":0}""", "#: 'multipleOf' is a number above 0")]
    [TestCase("""{"pattern":"(a"}""", "#: 'pattern' is no regular expression: a group does not end")]
    [TestCase("""{"pattern":"a{3,2}"}""", "#: 'pattern' is no regular expression: '{3,2}' has its bounds the wrong way round")]
    [TestCase("""{"pattern":"(a)\\1"}""", "#: a reference to a group in 'pattern' is not supported")]
    [TestCase("""{"pattern":"\\bword"}""", "#: '\\b' in 'pattern' is not supported")]
    [TestCase("""{"pattern":"a(?=b)"}""", "#: a lookahead that is not behind a leading '^' in 'pattern' is not supported")]
    [TestCase("""{"pattern":"(?<=a)b"}""", "#: the group '(?<=' in 'pattern' is not supported")]
    [TestCase("""{"pattern":"^.{9999}$","maxLength":30000,"minLength":25000}""", "#: 'pattern', together with what stands beside it, needs more")]
    [TestCase("""{"const":"\ud800"}""", "a string of the schema is no Unicode text")]
    public void What_is_not_supported_is_refused(string schema, string message) =>
        Assert.That(() => JsonSchema.Compile(schema), Throws.TypeOf<GrammarException>().With.Message.Contains(message));
}
