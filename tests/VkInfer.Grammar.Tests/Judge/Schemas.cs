namespace VkInfer.Grammar.Tests.Judge;

/// <summary>Schemas of the kinds that programs and the official test suite have, with values; see <see cref="Sample.Read"/>.</summary>
internal static class Schemas
{
    public const string Strings = """
        {"type":"string"}
        + ""
        + "é"
        {"type":"string","minLength":2}
        - "a"
        {"type":"string","maxLength":2}
        {"type":"string","minLength":3,"maxLength":3}
        {"type":"string","pattern":"^[A-Z]{3}-\\d{2,4}$"}
        + "ABC-12"
        - "ABC-1"
        - "xABC-12"
        {"type":"string","pattern":"abc"}
        + "xxabcxx"
        + "abc"
        - "ab"
        {"type":"string","pattern":"^abc"}
        + "abcd"
        - "xabc"
        {"type":"string","pattern":"abc$"}
        + "xabc"
        - "abcd"
        {"pattern":"^a*$"}
        + ""
        + "aaa"
        - "b"
        {"type":"string","pattern":"^(foo|ba[rz]){1,2}$"}
        + "foobaz"
        - "foofoofoo"
        {"type":"string","pattern":"^\\w+@\\w+\\.com$"}
        + "a_1@b.com"
        {"type":"string","pattern":"^[^\\s\"\\\\]+$"}
        + "a-b"
        - "a b"
        {"type":"string","pattern":"^[\"\\\\/]$"}
        + "\""
        + "\\"
        {"type":"string","pattern":"^\\p{Lu}\\p{Ll}*$"}
        + "Émile"
        - "émile"
        {"type":"string","pattern":"^(?=.*\\d)(?=.*[a-z])[\\w!]{4,12}$"}
        + "abc1"
        - "abcd"
        {"type":"string","pattern":"^(?!admin)[a-z]+$"}
        + "user"
        - "administrator"
        {"type":"string","pattern":"^a.c$"}
        + "abc"
        {"type":"string","pattern":"^[a-c&&x\\-]+$"}
        {"type":"string","pattern":"^\\x41\\u0042\\t?$"}
        + "AB"
        + "AB\t"
        {"type":"string","pattern":"^[\\d\\-.]+$","maxLength":5}
        + "1-2.3"
        - "1-2.34"
        {"type":"string","pattern":"^.*$","minLength":2,"maxLength":4}
        {"type":"string","pattern":"[0-9]","maxLength":3}
        + "a1b"
        - "abc"
        {"type":"string","pattern":"^-?(\\d+\\.)?\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,7})?$"}
        + "01:02:03"
        + "-1.23:59:59.5"
        - "1:02:03"
        {"type":"string","pattern":"^(?:[a-z]{2,3})(?:-[A-Z]{2})?$"}
        + "en-GB"
        {"type":"string","pattern":"^#([0-9a-fA-F]{6}|[0-9a-fA-F]{3})$"}
        + "#fff"
        {"type":"string","pattern":"^$"}
        + ""
        {"type":"string","pattern":"^\\S(.*\\S)?$"}
        {"type":"string","pattern":"^\\W\\D$"}
        {"type":"string","format":"date"}
        + "2024-02-29"
        - "2023-02-29"
        {"type":"string","format":"time"}
        + "23:59:59Z"
        {"type":"string","format":"date-time"}
        + "2024-02-29T12:00:00.5+01:00"
        {"type":"string","format":"duration"}
        + "P3Y6M4DT12H30M5S"
        + "PT1H"
        + "P2W"
        - "P"
        - "PT"
        - "P1D2W"
        {"type":"string","format":"uuid"}
        {"type":"string","format":"email"}
        + "joe.bloggs@example.com"
        - "2962"
        {"type":"string","format":"email","maxLength":16}
        + "a@example.com"
        - "a@long-example.com"
        {"type":"string","format":"hostname"}
        + "www.example.com"
        - "-bad.example"
        {"type":"string","format":"ipv4"}
        + "192.168.0.255"
        - "256.1.1.1"
        {"type":"string","format":"ipv6"}
        + "::1"
        + "fe80::1:2"
        + "1:2:3:4:5:6:7:8"
        - "1:2:3"
        {"type":"string","format":"uri"}
        + "https://example.com/a/b.html?x=1&y=2#top"
        + "http://localhost:8080/"
        + "mailto:joe@example.com"
        + "urn:isbn:0451450523"
        - "//example.com"
        - "abc"
        {"type":"string","format":"uri-reference"}
        + "/a/b"
        {"type":"string","format":"json-pointer"}
        + "/a~1b/0"
        - "a"
        {"type":"string","format":"date","pattern":"^20"}
        + "2024-01-01"
        - "1999-01-01"
        {"type":"string","format":"unknown-format"}
        {"type":"string","not":{"enum":["x","yes"]}}
        + "y"
        + "yesno"
        - "yes"
        {"type":"string","not":{"pattern":"^a"}}
        + "ba"
        - "ab"
        {"type":"string","not":{"maxLength":2}}
        + "abc"
        - "ab"
        {"type":"string","minLength":1,"not":{"const":"a"}}
        {"enum":["a","b","c"],"pattern":"[ab]"}
        + "a"
        - "c"
        {"enum":["short","a longer one"],"maxLength":5}
        - "a longer one"
        {"const":"x"}
        {"type":["string","null"],"pattern":"^\\d+$"}
        + null
        + "12"
        {"allOf":[{"pattern":"^a"},{"pattern":"z$"}]}
        + "az"
        + "abz"
        - "ab"
        {"type":"string","anyOf":[{"pattern":"^a+$"},{"format":"ipv4"}]}
        + "aa"
        + "1.2.3.4"
        {"oneOf":[{"type":"string","pattern":"^a"},{"type":"string","pattern":"b$"}]}
        + "ax"
        + "xb"
        - "ab"
        """;

    public const string Numbers = """
        {"type":"integer"}
        {"type":"number"}
        {"type":"integer","minimum":1,"maximum":5}
        + 1
        + 5
        - 0
        - 6
        {"type":"integer","minimum":-3}
        {"type":"integer","exclusiveMaximum":0}
        + -1
        - 0
        {"type":"number","minimum":0.5,"maximum":1.5}
        + 0.5
        + 1
        + 1.5
        + 1.499
        - 0.49
        - 1.51
        - 2
        {"type":"number","minimum":0,"maximum":1}
        + 0
        + 1
        + 0.999
        + 1.0
        - 1.01
        {"type":"number","exclusiveMinimum":0,"exclusiveMaximum":1}
        + 0.001
        + 0.5
        - 0
        - 0.0
        - 1
        {"type":"number","minimum":-1.25,"maximum":2.75}
        + -1.25
        + -0.5
        + 0
        + 2.75
        - -1.26
        - 2.76
        {"type":"number","minimum":1.1,"maximum":1.15}
        + 1.1
        + 1.10
        + 1.125
        - 1.2
        - 1.16
        - 1
        {"type":"number","exclusiveMinimum":1.1,"exclusiveMaximum":1.15}
        + 1.11
        - 1.1
        - 1.10
        - 1.15
        {"type":"number","minimum":1.005,"maximum":1.0051}
        + 1.005
        + 1.00505
        {"type":"number","maximum":-2.5}
        + -2.5
        + -3
        - -2.4
        - 2.5
        {"type":"number","minimum":100}
        + 100
        + 12345678901
        + 100.5
        - 99.9
        {"type":"number","exclusiveMaximum":3}
        + 2.99999
        + -7
        - 3
        - 3.0
        {"minimum":1.1}
        {"maximum":300}
        {"minimum":-10,"maximum":-5.5}
        + -7.25
        - -5
        {"type":"number","minimum":5,"maximum":5}
        + 5
        + 5.0
        - 5.1
        {"type":"number","minimum":-1.7976931348623157E+308,"maximum":1.7976931348623157E+308}
        + 12.5
        {"type":"integer","multipleOf":2}
        + 4
        + 0
        - 3
        {"type":"integer","multipleOf":7}
        + 49
        - 50
        {"type":"integer","multipleOf":10,"minimum":15,"maximum":75}
        + 20
        + 70
        - 10
        - 80
        {"type":"number","multipleOf":0.01}
        + 1.25
        + 1.50
        + 3
        - 1.255
        {"type":"number","multipleOf":0.5,"minimum":0,"maximum":3}
        + 2.5
        - 2.25
        - 3.5
        {"type":"number","multipleOf":2.5}
        + 7.5
        - 4
        {"multipleOf":1}
        + 3
        {"type":"integer","not":{"multipleOf":3}}
        + 4
        - 6
        {"type":"integer","minimum":0,"maximum":10,"not":{"enum":[3,5]}}
        + 4
        - 3
        - 5
        {"type":"number","minimum":0,"maximum":1,"not":{"const":0.5}}
        + 0.51
        - 0.5
        - 0.50
        {"type":"integer","not":{"minimum":10}}
        + 9
        - 10
        {"type":"number","not":{"type":"integer"},"minimum":0,"maximum":2}
        + 1.5
        - 1
        - 1.0
        {"type":["integer","string"],"minimum":3,"maxLength":2}
        + 3
        + "ab"
        - 2
        - "abc"
        {"enum":[1,2.5,"3",null],"type":"number"}
        + 2.5
        - "3"
        {"enum":[1,2,3,4],"minimum":2,"exclusiveMaximum":4}
        + 3
        - 1
        - 4
        {"allOf":[{"minimum":3},{"maximum":8},{"type":"integer"},{"multipleOf":2}]}
        + 4
        + 8
        - 2
        - 7
        {"anyOf":[{"type":"integer","maximum":3},{"type":"integer","minimum":100}]}
        + 3
        + 100
        - 50
        {"oneOf":[{"type":"integer","multipleOf":2},{"type":"integer","multipleOf":3}]}
        + 2
        + 3
        - 6
        {"oneOf":[{"type":"integer"},{"minimum":2}]}
        + 1
        + 2.5
        - 3
        {"if":{"type":"integer","exclusiveMaximum":0},"then":{"minimum":-10},"else":{"type":"integer","multipleOf":2}}
        + -10
        + 4
        - -11
        - 3
        {"type":["number","null"]}
        {"type":"boolean"}
        {"type":"null"}
        {"type":"boolean","not":{"const":true}}
        + false
        - true
        {"const":false}
        {"const":0}
        {"const":1.5e3}
        """;

    public const string Arrays = """
        {"type":"array"}
        {"type":"array","items":{"type":"integer"}}
        {"type":"array","items":{"type":"integer","minimum":0,"maximum":9},"minItems":2,"maxItems":4}
        + [1,2]
        - [1]
        - [1,2,3,4,5]
        {"type":"array","items":{"enum":["a","b","c"]},"uniqueItems":true}
        + []
        + ["c","a"]
        - ["a","a"]
        {"type":"array","items":{"enum":["a","b","c"]},"uniqueItems":true,"minItems":2}
        + ["b","a","c"]
        - ["b"]
        {"type":"array","items":{"type":"boolean"},"uniqueItems":true}
        + [false,true]
        - [true,true]
        {"type":"array","items":{"type":"integer","minimum":1,"maximum":6},"uniqueItems":true,"minItems":1,"maxItems":3}
        + [6,1]
        - [6,6]
        {"type":"array","items":{"type":"string"},"uniqueItems":true,"maxItems":1}
        + ["x"]
        {"type":"array","prefixItems":[{"type":"string"},{"type":"number"}],"items":false,"minItems":2}
        + ["a",1.5]
        - ["a"]
        {"type":"array","prefixItems":[{"enum":[1,2]},{"enum":[2,3]}],"items":false,"uniqueItems":true}
        + [1,2]
        + [2,3]
        - [2,2]
        {"prefixItems":[{"type":"integer"}],"items":{"type":"string"}}
        + [1,"a","b"]
        - ["a"]
        {"type":"array","items":{"type":"array","items":{"type":"boolean"},"maxItems":2}}
        + [[],[true,false]]
        {"type":"array","items":true,"maxItems":2}
        {"type":"array","items":{}}
        {"items":false}
        + []
        {"type":"array","items":{"type":["integer","null"]},"minItems":1}
        + [null,1]
        {"allOf":[{"type":"array","items":{"minimum":0}},{"items":{"type":"integer","maximum":9}},{"maxItems":3}]}
        + [0,9]
        - [10]
        - [-1]
        {"type":"array","not":{"minItems":3},"items":{"type":"null"}}
        + [null,null]
        - [null,null,null]
        {"type":"array","not":{"maxItems":1},"items":{"type":"null"}}
        + [null,null]
        - [null]
        {"type":"array","prefixItems":[{"type":"integer"}],"items":{"type":"integer"},"not":{"prefixItems":[{"const":1}]}}
        + [2]
        - [1]
        {"oneOf":[{"type":"array","items":{"type":"integer"},"minItems":1},{"type":"string"}]}
        + [1]
        + "a"
        {"anyOf":[{"type":"array","items":{"type":"integer"}},{"type":"array","items":{"type":"string"}}]}
        + [1,2]
        + ["a"]
        - [1,"a"]
        {"type":"array","items":{"type":"object","properties":{"id":{"type":"integer"}},"required":["id"]}}
        + [{"id":1},{"id":2}]
        - [{}]
        {"type":"array","items":{"$ref":"#"},"maxItems":2}
        + [[],[[]]]
        {"enum":[[1,2],[],"x"],"minItems":1,"type":"array"}
        + [1,2]
        - []
        {"enum":[[1,1],[1,2]],"uniqueItems":true}
        + [1,2]
        - [1,1]
        {"type":"array","items":{"enum":[1,2,3]},"uniqueItems":true,"allOf":[{"items":{"maximum":2}}]}
        + [2,1]
        - [3]
        {"type":"array","items":{"pattern":"^a"}}
        {"type":"array","minItems":1,"prefixItems":[{"const":"a"},{"const":"b"},{"const":"c"}]}
        + ["a","b"]
        - []
        """;

    public const string Objects = """
        {"type":"object"}
        {"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}}}
        {"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}},"required":["b"]}
        + {"b":""}
        - {"a":1}
        {"type":"object","properties":{"a":{"type":"integer"}},"additionalProperties":{"type":"boolean"}}
        + {"a":1,"x":true}
        - {"a":true}
        {"type":"object","additionalProperties":{"type":"integer","minimum":0}}
        {"type":"object","properties":{"a":{"type":"null"},"b":{"type":"null"},"c":{"type":"null"}},"minProperties":2}
        + {"a":null,"c":null}
        + {"b":null,"c":null}
        - {"a":null}
        {"type":"object","properties":{"a":{"type":"null"},"b":{"type":"null"},"c":{"type":"null"}},"maxProperties":1}
        + {}
        + {"b":null}
        - {"a":null,"b":null}
        {"type":"object","properties":{"a":{"const":1},"b":{"const":2},"c":{"const":3}},"required":["b"],"minProperties":2,"maxProperties":2}
        + {"b":2,"c":3}
        - {"b":2}
        - {"a":1,"b":2,"c":3}
        {"type":"object","minProperties":1}
        + {"x":1}
        - {}
        {"type":"object","maxProperties":2,"additionalProperties":{"type":"integer"}}
        + {"a":1,"b":2}
        {"type":"object","properties":{"a":{"type":"null"}},"additionalProperties":{"type":"null"},"minProperties":2,"maxProperties":3}
        + {"a":null,"b":null}
        - {"a":null}
        {"type":"object","maxProperties":0}
        + {}
        {"type":"object","patternProperties":{"^x-":{"type":"string"}},"additionalProperties":false}
        + {"x-a":"1"}
        - {"y":"1"}
        {"type":"object","properties":{"id":{"type":"integer"}},"patternProperties":{"^s_":{"type":"string"},"_n$":{"minLength":2}}}
        + {"id":1,"s_a":""}
        + {"s_n":"ab"}
        - {"s_n":"a"}
        - {"s_a":1}
        {"patternProperties":{"^[a-z]$":{"type":"integer"}},"additionalProperties":{"type":"null"}}
        + {"a":1,"ab":null}
        - {"a":null}
        {"type":"object","properties":{"foo":{"maximum":3}},"patternProperties":{"^f":{"type":"integer"}}}
        + {"foo":3}
        - {"foo":4}
        {"type":"object","propertyNames":{"pattern":"^[a-z]{1,3}$"},"additionalProperties":{"type":"integer"}}
        + {"abc":1}
        - {"abcd":1}
        {"type":"object","propertyNames":{"enum":["red","green"]},"additionalProperties":{"type":"boolean"}}
        + {"red":true}
        - {"blue":true}
        {"type":"object","propertyNames":{"maxLength":2}}
        {"type":"object","properties":{"card":{"type":"string"},"address":{"type":"string"}},"dependentRequired":{"card":["address"]}}
        + {"address":""}
        + {"card":"1","address":"2"}
        - {"card":"1"}
        {"properties":{"a":{"type":"integer"},"b":{"type":"integer"}},"dependentSchemas":{"a":{"properties":{"b":{"minimum":5}},"required":["b"]}}}
        + {"a":1,"b":5}
        + {"b":1}
        - {"a":1,"b":4}
        {"type":"object","properties":{"n":{"type":["string","null"]}},"required":["n"],"additionalProperties":false}
        + {"n":null}
        {"type":"object","properties":{"a/b":{"type":"integer"},"c~d":{"$ref":"#/properties/a~1b"},"e%f":{"$ref":"#/properties/c~0d"}}}
        + {"a/b":1,"c~d":2,"e%f":3}
        {"type":"object","properties":{"__proto__":{"type":"number"},"toString":{"type":"string"},"":{"type":"null"}}}
        + {"__proto__":1,"toString":"a","":null}
        {"type":"object","properties":{"a\"b":{"type":"null"},"c\\d":{"type":"null"},"e\nf":{"type":"null"}},"required":["e\nf"]}
        + {"a\"b":null,"c\\d":null,"e\nf":null}
        {"type":"object","properties":{"a":false,"b":true}}
        + {"b":1}
        - {"a":1}
        {"type":"object","properties":{"a":{"type":"object","properties":{"b":{"type":"object","properties":{"c":{"const":1}},"required":["c"]}}}}}
        + {"a":{"b":{"c":1}}}
        {"type":"object","required":["x","y"]}
        + {"x":1,"y":2}
        {"type":"object","required":["x"],"additionalProperties":{"type":"integer"}}
        {"type":"object","not":{"required":["secret"]}}
        + {"open":1}
        - {"secret":1}
        {"type":"object","properties":{"role":{"type":"string"}},"required":["role"],"not":{"properties":{"role":{"const":"root"}}}}
        + {"role":"user"}
        - {"role":"root"}
        {"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}},"not":{"required":["a","b"]}}
        + {"a":1}
        + {"b":1}
        - {"a":1,"b":2}
        {"type":"object","properties":{"a":{"type":"null"},"b":{"type":"null"}},"not":{"minProperties":2}}
        + {"a":null}
        - {"a":null,"b":null}
        {"allOf":[{"properties":{"bar":{"type":"integer"}},"required":["bar"]},{"properties":{"foo":{"type":"string"}},"required":["foo"]}]}
        + {"bar":1,"foo":"x"}
        - {"bar":1}
        {"type":"object","properties":{"a":{"minimum":1}},"allOf":[{"properties":{"a":{"type":"integer"}}},{"properties":{"a":{"maximum":3}}}]}
        + {"a":3}
        - {"a":4}
        {"allOf":[{"type":"object","properties":{"a":{"type":"integer"}},"additionalProperties":false},{"properties":{"b":{"type":"integer"}}}]}
        + {"a":1}
        - {"b":1}
        {"type":"object","allOf":[{"additionalProperties":{"type":"integer"}},{"additionalProperties":{"minimum":3}}]}
        + {"x":3}
        - {"x":2}
        {"enum":[{"a":1},{"a":2}],"properties":{"a":{"minimum":2}}}
        + {"a":2}
        - {"a":1}
        {"const":{"a":[1,{"b":null}]}}
        """;

    public const string Combinations = """
        true
        {}
        {"not":false}
        {"not":{"type":"string"}}
        + 1
        - "a"
        {"not":{"type":["string","integer"]}}
        + 1.5
        + null
        - 1
        {"not":{"not":{"type":"null"}}}
        + null
        - 1
        {"not":{"anyOf":[{"type":"string"},{"type":"object"},{"type":"array"}]},"type":["string","boolean","null"]}
        + true
        {"not":{"allOf":[{"type":"integer"},{"minimum":5}]},"type":"integer"}
        + 4
        - 5
        {"type":"integer","not":{"if":{"minimum":5},"then":{"maximum":8},"else":{"minimum":3}}}
        + 9
        + 2
        - 6
        - 4
        {"anyOf":[{"type":"integer"},{"type":"string","minLength":2}]}
        + 1
        + "ab"
        {"type":"string","anyOf":[{"maxLength":2},{"minLength":4}]}
        + "ab"
        + "abcd"
        - "abc"
        {"anyOf":[true,false]}
        {"anyOf":[{"type":"null"},false]}
        {"allOf":[true,{"type":"boolean"}]}
        {"allOf":[{"anyOf":[{"type":"integer"},{"type":"null"}]},{"anyOf":[{"type":"integer"},{"type":"string"}]}]}
        + 1
        - null
        {"allOf":[{"allOf":[{"type":"null"}]}]}
        {"oneOf":[{"type":"string"},{"type":"integer"},{"type":"null"}]}
        {"oneOf":[{"type":"number","maximum":5},{"type":"number","minimum":3}]}
        + 2
        + 6
        - 4
        {"oneOf":[{"const":"a"},{"enum":["b","c"]}]}
        {"oneOf":[{"enum":["a","b"]},{"enum":["b","c"]}]}
        + "a"
        + "c"
        - "b"
        {"type":"object","oneOf":[{"required":["a"]},{"required":["b"]}],"properties":{"a":{"type":"integer"},"b":{"type":"integer"}}}
        + {"a":1}
        + {"b":1}
        - {"a":1,"b":1}
        - {}
        {"oneOf":[{"properties":{"bar":{"type":"integer"}},"required":["bar"]},{"properties":{"foo":{"type":"string"}},"required":["foo"]}],"type":"object"}
        + {"bar":2}
        + {"foo":"x"}
        {"type":"object","required":["kind"],"oneOf":[{"properties":{"kind":{"const":"circle"},"r":{"type":"number"}},"required":["r"]},{"properties":{"kind":{"const":"square"},"side":{"type":"number"}},"required":["side"]}]}
        + {"kind":"circle","r":1.5}
        + {"kind":"square","side":2}
        - {"kind":"square","r":2}
        {"type":"object","anyOf":[{"properties":{"$type":{"const":"a"},"x":{"type":"integer"}},"required":["$type","x"]},{"properties":{"$type":{"const":"b"}},"required":["$type"]}]}
        + {"$type":"a","x":1}
        + {"$type":"b"}
        - {"$type":"a"}
        {"oneOf":[{"$ref":"#/$defs/cat"},{"$ref":"#/$defs/dog"}],"$defs":{"cat":{"type":"object","properties":{"type":{"const":"cat"},"lives":{"type":"integer"}},"required":["type"]},"dog":{"type":"object","properties":{"type":{"const":"dog"},"name":{"type":"string"}},"required":["type"]}}}
        + {"type":"cat","lives":9}
        + {"type":"dog","name":"a"}
        - {"type":"dog","lives":9}
        {"type":"object","properties":{"country":{"enum":["US","DE"]},"zip":{"type":"string"}},"required":["country","zip"],"if":{"properties":{"country":{"const":"US"}}},"then":{"properties":{"zip":{"pattern":"^\\d{5}$"}}},"else":{"properties":{"zip":{"pattern":"^D-\\d{5}$"}}}}
        + {"country":"US","zip":"12345"}
        + {"country":"DE","zip":"D-12345"}
        - {"country":"US","zip":"D-12345"}
        {"type":"object","properties":{"a":{"type":"boolean"},"b":{"type":"integer"}},"if":{"properties":{"a":{"const":true}},"required":["a"]},"then":{"required":["b"]}}
        + {"a":true,"b":1}
        + {"a":false}
        + {}
        - {"a":true}
        {"type":"integer","if":{"minimum":10},"else":{"const":3}}
        + 10
        + 3
        - 4
        {"if":{"type":"null"},"type":["null","integer"]}
        {"type":"integer","allOf":[{"if":{"minimum":10},"then":{"multipleOf":10}},{"if":{"maximum":9},"then":{"multipleOf":3}}]}
        + 20
        + 9
        - 8
        - 12
        {"$ref":"#/$defs/a","$defs":{"a":{"type":"integer"}}}
        {"$ref":"#/$defs/a","maximum":3,"$defs":{"a":{"type":"integer","minimum":1}}}
        + 3
        - 4
        - 0
        {"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/c"},"c":{"type":"boolean"}},"$ref":"#/$defs/a"}
        {"type":"object","properties":{"v":{"type":"integer"},"next":{"anyOf":[{"$ref":"#"},{"type":"null"}]}},"required":["v","next"]}
        + {"v":1,"next":{"v":2,"next":null}}
        {"type":"object","properties":{"v":{"type":"integer"},"left":{"type":["object","null"],"properties":{"v":{"type":"integer"},"left":{"$ref":"#/properties/left"}},"required":["v","left"]}},"required":["v","left"]}
        + {"v":1,"left":{"v":2,"left":{"v":3,"left":null}}}
        {"$ref":"#/$defs/e","$defs":{"e":{"oneOf":[{"type":"number"},{"type":"object","properties":{"op":{"enum":["+","-"]},"l":{"$ref":"#/$defs/e"},"r":{"$ref":"#/$defs/e"}},"required":["op","l","r"]}]}}}
        + {"op":"+","l":1,"r":{"op":"-","l":2,"r":3}}
        {"type":"array","items":{"$ref":"#/$defs/p"},"$defs":{"p":{"type":"integer","exclusiveMinimum":0}}}
        + [1,2]
        - [0]
        {"title":"T","description":"D","default":1,"examples":[2],"deprecated":true,"$comment":"c","type":"integer"}
        {"type":"string","contentEncoding":"base64","contentMediaType":"text/plain","readOnly":true}
        {"anyOf":[{"type":"number"},{"enum":["NaN","Infinity","-Infinity"]}],"type":["number","string"]}
        + "NaN"
        + 1.5
        - "x"
        {"type":["string","number"],"pattern":"^-?(?:0|[1-9]\\d*)(?:\\.\\d+)?$"}
        + "1.5"
        + 1.5
        - "x"
        {"type":["object","null"],"properties":{"a":{"type":"integer"}},"required":["a"]}
        + null
        + {"a":1}
        - {}
        {"enum":[1,"a",null,true,{"b":1},[2]],"not":{"type":["string","boolean"]}}
        + {"b":1}
        - "a"
        {"type":"object","properties":{"a":{"anyOf":[{"type":"string","format":"email"},{"type":"integer","minimum":3}]},"b":{"oneOf":[{"type":"null"},{"type":"array","items":{"type":"string","pattern":"^t"}}]}},"required":["a","b"]}
        + {"a":"x@example.com","b":["t1"]}
        + {"a":3,"b":null}
        {"type":"object","properties":{"from":{"type":"string","format":"date"},"to":{"$ref":"#/properties/from"}},"required":["from","to"]}
        + {"from":"2024-01-01","to":"2024-01-02"}
        """;
}
