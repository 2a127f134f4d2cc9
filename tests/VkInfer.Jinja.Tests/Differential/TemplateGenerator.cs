using System.Text;

namespace VkInfer.Jinja.Tests;

/// <summary>Random templates: most of them run, and all that the language has turns up.</summary>
internal sealed class TemplateGenerator(Random random)
{
    private const int Depth = 3;

    private static readonly string[] Variables =
    [
        "n", "f", "s", "uni", "empty", "none_value", "yes", "xs", "words", "nested", "d", "people", "messages", "missing", "zero",
        "blank", "mixed", "n", "s", "xs", "d", "messages", "words",
    ];

    private static readonly string[] Literals =
    [
        "0", "1", "2", "3", "-1", "7", "10", "2.5", "0.5", "-1.5", "1e3", "1_000", "true", "false", "none", "True", "None", "''", "'a'",
        "'Hello, World'", "\"it's\"", "'b c\\td'", "'é漢🙂'", "' x '", "'12'", "'3.7'", "'a-b_c'", "[]", "{}", "()", "[1, 2, 3]",
        "[3, 1, 2]", "['b', 'A', 'c']", "(1, 'x')", "{'a': 1}", "{'b': 2, 'a': none}", "[none, 0, '', 'x']", "[{'k': 1}, {'k': 2}, {}]",
        "[[1, 2], [3]]", "[1, 2.0, true]", "'<a href=\"x\">&</a>'",
    ];

    private static readonly string[] Binary =
        ["+", "-", "*", "/", "//", "%", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or", "**"];

    private static readonly string[] Tests =
    [
        "defined", "undefined", "none", "boolean", "true", "false", "integer", "float", "number", "string", "mapping", "sequence",
        "iterable", "callable", "lower", "upper", "odd", "even", "divisibleby(2)", "divisibleby 3", "in([1, 2])", "in 'abc'", "eq(1)",
        "equalto('a')", "==(2)", "ne(0)", "lt(3)", "lessthan(2)", "le(2)", "gt(1)", "greaterthan(0)", "ge 1", "sameas(none)",
        "sameas true", "escaped", "filter", "test",
    ];

    private static readonly string[] Filters =
    [
        "abs", "attr('name')", "attr('items')", "batch(2)", "batch(2, 'x')|list", "capitalize", "center(9)", "count", "d('x')",
        "default('x', true)", "default", "dictsort", "dictsort(true)", "dictsort(false, 'value')", "dictsort(reverse=true)", "e",
        "escape", "filesizeformat", "filesizeformat(true)", "first", "float", "float(1.5)", "forceescape", "format('a', 1)",
        "format(a=1)", "groupby('age')", "groupby('role')|list", "groupby('k', default=0)|map('first')|list", "indent",
        "indent(2, true)", "indent('> ', blank=true)", "int", "int(5)", "int(default=2, base=16)", "items|list", "join", "join(', ')",
        "join('-', attribute='name')", "last", "length", "list", "lower", "map('upper')|list", "map(attribute='role')|list",
        "map(attribute='name', default='?')|join(',')", "map('default', 'z')|list", "map('int')|list", "map('length')|list", "max",
        "min", "max(attribute='age')", "min(case_sensitive=true)", "reject('none')|list", "reject|list", "rejectattr('name')|list",
        "rejectattr('role', 'equalto', 'user')|list", "replace('l', 'L')", "replace('a', '', 1)", "reverse|list", "reverse", "round",
        "round(1)", "round(0, 'floor')", "round(1, 'ceil')", "round(method='floor')", "safe", "select|list", "select('string')|list",
        "select('gt', 1)|list", "select('in', [1, 'a'])|list", "selectattr('role')|list", "selectattr('role', 'equalto', 'user')|list",
        "selectattr('k', 'defined')|list", "slice(2)|list", "slice(3, 'f')|list", "sort", "sort(true)", "sort(attribute='age')",
        "sort(case_sensitive=true)", "sort(attribute='age,name')", "string", "sum", "sum('age')", "sum(start=5)",
        "sum(attribute='age', start=1)", "title", "tojson", "tojson(indent=2)", "tojson(ensure_ascii=true)", "tojson(sort_keys=true)",
        "tojson(separators=(',', ':'))", "trim", "trim('Ha ')", "truncate(5)", "truncate(8, true, '..', 0)", "truncate(9, leeway=2)",
        "unique|list", "unique(true)|list", "unique(attribute='age')|list", "upper", "urlencode", "wordcount", "xmlattr",
        "select('even')|list", "map('trim')|list", "map('replace', 'a', 'b')|list", "map('tojson')|join(' ')", "select('mapping')|list",
        "map('length')|first", "map('abs')|first", "map('no_such')", "map", "select('no_such')|first", "selectattr", "batch(0)|list",
        "batch(-1)|list", "batch('a', 'x')|list", "batch(2.0)|list", "slice(-2)|list", "slice(0)", "slice(true, 'f')|list",
        "map('string')|reverse", "map('upper')|reverse|list", "reverse|reverse", "reverse|first", "items|first", "items|default('x')",
        "unique|first", "batch(2)|first",
    ];

    private static readonly string[] NumberFilters =
        ["abs", "int", "float", "round", "round(1)", "round(2, 'floor')", "round(0, 'ceil')", "string", "filesizeformat", "default(1)"];

    private static readonly string[] TextFilters =
    [
        "capitalize", "center(9)", "default('x', true)", "e", "first", "format(1)", "indent", "indent(2, true)", "int", "last",
        "length", "list", "lower", "replace('l', 'L')", "replace('a', '', 1)", "reverse", "safe", "title", "tojson", "trim",
        "trim('Ha ')", "truncate(5)", "truncate(8, true, '..', 0)", "upper", "urlencode", "wordcount", "string", "unique|join",
        "sort|join", "batch(3)|list", "escape|forceescape",
    ];

    private static readonly string[] ListFilters =
    [
        "batch(2)|list", "first", "last", "list", "length", "map('string')|list", "map('upper')|list", "map('length')|list",
        "map(attribute='name')|list", "map(attribute='role')|unique|list", "select|list", "reject|list", "select('string')|list",
        "reject('number')|list", "selectattr('role')|list", "selectattr('role', 'equalto', 'user')|list",
        "rejectattr('age', 'gt', 26)|list", "sort", "sort(attribute='age')", "sort(attribute='name', reverse=true)", "groupby('age')",
        "unique|list", "reverse|list", "slice(2)|list", "slice(3, 0)|list", "join", "join(', ')", "tojson", "map('tojson')|join(' ')",
        "max", "min", "sum", "map('default', 0)|list", "dictsort", "items|list", "xmlattr", "map('first')|list",
    ];

    private static readonly string[] Methods =
    [
        ".upper()", ".lower()", ".strip()", ".strip('Ha')", ".lstrip()", ".rstrip('d')", ".split()", ".split(',')", ".split('l', 1)",
        ".rsplit('o', 1)", ".splitlines()", ".startswith('H')", ".startswith(('a', 'H'))", ".endswith('d', 2)", ".replace('l', 'r')",
        ".replace('o', '0', 1)", ".find('o')", ".rfind('o')", ".count('l')", ".index('e')", ".join(['a', 'b'])", ".join(words)",
        ".format(1, a=2)", ".title()", ".capitalize()", ".swapcase()", ".casefold()", ".center(9, '*')", ".ljust(8)", ".rjust(8, '.')",
        ".zfill(9)", ".isdigit()", ".isalpha()", ".isalnum()", ".isspace()", ".isupper()", ".islower()", ".istitle()", ".isnumeric()",
        ".partition(',')", ".rpartition('o')", ".removeprefix('He')", ".removesuffix('ld')", ".expandtabs(4)", ".isidentifier()",
        ".isascii()", ".isprintable()", ".items()|list", ".keys()|list", ".values()|list", ".get('a')", ".get('zz', 5)", ".get('name')",
        ".copy()", ".index(1)", ".count(1)", ".items", ".a", ".a.x", ".name", ".role", ".x", ".content.strip()", "['a']", "['name']",
        "[0]", "[-1]", "[9]", "['x']", ".append(1)", ".pop()", ".update({})",
    ];

    private static readonly string[] Slices =
        ["[1:]", "[:2]", "[::-1]", "[1:3]", "[-2:]", "[:-1]", "[::2]", "[3:1:-1]", "[:]", "[n:]", "[:none]", "['a':]", "[f:]", "[:missing]"];

    /// <summary>An expression within double braces.</summary>
    public string Expression() => $"{{{{ {Expression(random.Next(1, Depth + 1))} }}}}";

    /// <summary>A few statements, with text and white space between.</summary>
    public string Template()
    {
        var text = new StringBuilder();
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            text.Append(Pick("", " ", "\n", "a", " b \n ", "\n\n  ", "c\n")).Append(Statement(2));
        }

        string[] ends = ["", "\n", " z", "\n\n", "{# open", "{# c #}", "{#- c -#} \n", "{#", "{#-", "{% raw %}", "{% raw -%} \n"];
        return text.Append(Pick(ends)).ToString();
    }

    private string Statement(int depth)
    {
        if (depth == 0 || random.Next(3) == 0)
        {
            return $"{Open("{{")} {Expression(2)} {Close("}}")}";
        }

        string Tag(string content) => $"{Open("{%")} {content} {Close("%}")}";
        string body = Pick("x", " ", "\n", "") + Statement(depth - 1) + Pick("", "\n", " y");
        string items = Expression(1);
        return random.Next(14) switch
        {
            0 => $"{Tag($"if {Expression(2)}")}{body}{Tag("endif")}",
            1 => $"{Tag($"if {Expression(1)}")}{body}{Tag($"elif {Expression(1)}")}e{Tag("else")}f{Tag("endif")}",
            2 => $"{Tag($"for x in {items}")}{Pick("{{ x }}", "{{ loop.index }}{{ x }}", "{{ loop.last }},", body)}{Tag("endfor")}",
            3 => Tag($"for x in {items} if {Pick("x", "x is string", "loop is defined", "x != 1")}")
                + $"{{{{ x }}}}{Tag("else")}none{Tag("endfor")}",
            4 => Tag($"for x in {items}") + Tag($"if {Pick("x", "loop.index > 1", "loop.first")}") + Tag(Pick("break", "continue"))
                + $"{Tag("endif")}[{{{{ x }}}}]{Tag("endfor")}",
            5 => Tag($"for k, v in {Pick("d.items()", "d|dictsort", "[(1, 2), (3, 4)]", "people", items)}")
                + $"{{{{ k }}}}={{{{ v }}}};{Tag("endfor")}",
            6 => $"{Tag($"set q = {Expression(2)}")}{{{{ q }}}}",
            7 => $"{Tag("set q")}{body}{Tag("endset")}[{{{{ q }}}}|{{{{ q|length }}}}]",
            8 => Tag("set ns = namespace(v=0)") + Tag($"for x in {items}") + Tag($"set ns.v = {Pick("x", "ns.v + 1", "loop.index")}")
                + $"{Tag("endfor")}{{{{ ns.v }}}}",
            9 => $"{Tag($"macro m(a, b={Expression(0)})")}({{{{ a }}}},{{{{ b }}}}){Tag("endmacro")}"
                + $"{{{{ m({Pick("", "1", "1, 2", "b=3", "a=s", "*xs", "1, 2, 3")}) }}}}",
            10 => $"{Tag($"filter {Pick("upper", "trim", "replace('a', 'b')", "indent", "upper|title")}")}{body}{Tag("endfilter")}",
            11 => $"{Tag($"with q = {Expression(1)}, r = 2")}{{{{ q }}}}{{{{ r }}}}{Tag("endwith")}{{{{ q }}}}",
            12 => $"{Tag("raw")} {{{{ x }}}} {{% if %}} {Tag("endraw")}",
            _ => $"{Tag("macro w()")}<{{{{ caller({Pick("", "1")}) }}}}>{Tag("endmacro")}"
                + $"{Tag("call" + Pick("", "(z)") + " w()")}{body}{Tag("endcall")}",
        };
    }

    private string Open(string tag) => tag + (random.Next(6) == 0 ? "-" : tag == "{%" && random.Next(9) == 0 ? "+" : "");

    private string Close(string tag) => (random.Next(6) == 0 ? "-" : tag == "%}" && random.Next(9) == 0 ? "+" : "") + tag;

    /// <summary>Of a kind at random, or of one that what stands around it can take.</summary>
    private string Expression(int depth) => random.Next(5) switch
    {
        0 or 1 => Any(depth),
        2 => Text(depth),
        3 => List(depth),
        _ => Number(depth),
    };

    private string Text(int depth)
    {
        if (depth == 0)
        {
            return Pick(
                "s", "uni", "empty", "blank", "'a'", "'Hello, World'", "words[0]", "d['items']", "messages[0].role",
                "messages[-1]['content']", "'12'", "'a-b c'");
        }

        string text = Text(depth - 1);
        return random.Next(7) switch
        {
            0 => $"{text}|{Pick(TextFilters)}",
            1 => $"{text}{Pick(Methods[..41])}",
            2 => $"{text}{Pick(Slices[..9])}",
            3 => $"({text} {Pick("~", "+")} {Text(depth - 1)})",
            4 => $"{Any(depth - 1)}|{Pick("string", "tojson", "tojson(indent=1)", "escape", "title", "upper")}",
            5 => $"{List(depth - 1)}|join({Pick("", "', '", "'-'")})",
            _ => $"({text} if {Any(depth - 1)} else {Text(depth - 1)})",
        };
    }

    private string List(int depth)
    {
        if (depth == 0)
        {
            return Pick(
                "xs", "words", "nested", "people", "messages", "mixed", "[]", "[1, 2, 3]", "['b', 'A', 'c']", "range(5)", "(1, 'x')",
                "d.values()", "d", "s.split()");
        }

        string list = List(depth - 1);
        return random.Next(6) switch
        {
            0 or 1 => $"{list}|{Pick(ListFilters)}",
            2 => $"{list}{Pick(Slices[..9])}",
            3 => $"({list}|list + [{Any(depth - 1)}])",
            4 => $"{Text(depth - 1)}.split({Pick("", "','", "' '", "'l', 1")})",
            _ => $"[{Any(depth - 1)}, {Any(depth - 1)}]",
        };
    }

    private string Number(int depth)
    {
        if (depth == 0)
        {
            return Pick("n", "f", "zero", "1", "2", "-3", "10", "2.5", "0.1", "1e3", "true", "xs[0]", "people[0].age", "100000");
        }

        string number = Number(depth - 1);
        return random.Next(6) switch
        {
            0 or 1 => $"({number} {Pick("+", "-", "*", "/", "//", "%")} {Number(depth - 1)})",
            2 => $"{number}|{Pick(NumberFilters)}",
            3 => $"{List(depth - 1)}|{Pick("length", "count", "first", "last", "sum", "min", "max")}",
            4 => $"({number} {Pick("<", "<=", "==", "!=", ">=", ">")} {Number(depth - 1)})",
            _ => $"{Text(depth - 1)}|{Pick("int", "float", "length", "wordcount", "count")}",
        };
    }

    private string Any(int depth)
    {
        if (depth == 0 || random.Next(8) == 0)
        {
            return random.Next(3) == 0 ? Pick(Literals) : Pick(Variables);
        }

        string inner = Expression(depth - 1);
        string value = random.Next(3) == 0 ? $"({inner})" : inner;
        switch (random.Next(12))
        {
            case 0 or 1:
                string operation = Pick(Binary);
                return operation == "**"
                    ? $"{Pick("n", "f", "2", "-3", "xs[0]")} ** {Pick("2", "0", "-1", "0.5", "3")}"
                    : $"{value} {operation} {Expression(depth - 1)}";
            case 2 or 3 or 4 or 5:
                return $"{value}|{Pick(Filters)}";
            case 6 or 7:
                return $"{value} is {Pick("", "not ")}{Pick(Tests)}";
            case 8:
                return $"{value}{Pick(Methods)}";
            case 9:
                return $"{value}{Pick(Slices)}";
            case 10:
                return Pick(
                    $"{value} if {Expression(depth - 1)} else {Expression(depth - 1)}", $"{value} if {Expression(depth - 1)}",
                    $"not {value}", $"-{value}", $"+{value}");
            default:
                return Pick(
                    $"[{inner}, {Expression(depth - 1)}]", $"{{'k': {inner}, 'z': 1}}", $"({inner}, 1)",
                    $"range({Pick("3", "1, 4", "5, 0, -2", "n")})|list", $"dict(a={inner})",
                    $"{value} < {Expression(0)} == {Expression(0)}",
                    $"range({inner})", $"dict({inner})", $"namespace(a={inner}).a", $"[{inner}]|first", $"({inner}, {Expression(0)})|sort",
                    $"cycler({inner}, 2).next()", $"joiner({inner})()",
                    $"'%s' % {value}", $"'%5.2f|%d' % (f, {inner})", $"'{{}}-{{0}}'.format({inner})");
        }
    }

    private string Pick(params string[] choices) => choices[random.Next(choices.Length)];
}
