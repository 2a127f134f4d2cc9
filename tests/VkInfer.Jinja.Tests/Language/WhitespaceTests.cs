namespace VkInfer.Jinja.Tests;

/// <summary>Blanks and line breaks around tags, with trim_blocks and lstrip_blocks as Hugging Face sets them.</summary>
public sealed class WhitespaceTests
{
    internal static readonly Case[] Cases =
    [
        new("a\n{% if 1 %}\nb\n{% endif %}\nc", "a\nb\nc"),
        new("  {% if 1 %}  \n  b\n  {% endif %}  \nc", "  \n  b\n  \nc"),
        new("a {%- if 1 %} b {%- endif %} c", "a b c"),
        new("a {% if 1 -%} b {% endif -%} c", "a b c"),
        new("a\n\n  {%- if 1 -%}\n\n b \n\n {%- endif -%} \n c", "abc"),
        new("  {%+ if 1 %}x{% endif %}", "  x"),
        new("a\n  {%+ if 1 %}\nx{% endif %}", "a\n  x"),
        new("{% if 1 +%}\nx{% endif +%}\ny", "\nx\ny"),
        new("a\n{# c #}\nb", "a\nb"),
        new("  {# c #}  \n b", "  \n b"),
        new("a {#- c -#} b", "ab"),
        new("x{# c +#}\ny", "x\ny"),
        new("{{ 1 }}\n{{ 2 }}\n", "1\n2"),
        new("{{ 1 }}\n\n", "1\n"),
        new("\n\n{{ 1 }}", "\n\n1"),
        new("  {{ 1 }}  ", "  1  "),
        new("a  {{- 1 -}}  b", "a1b"),
        new("a\n{{- 1 -}}\nb", "a1b"),
        new("a\r\n{% if 1 %}\r\nb\r{% endif %}\r\nc\r\n", "a\nb\nc"),
        new("\t{% if 1 %}\tx\n\t{% endif %}", "\tx\n"),
        new("x {% if 1 %}\n  y{% endif %}", "x   y"),
        new("{% for x in xs %}\n  {{ x }}\n{% endfor %}\n", "  3\n  1\n  2\n"),
        new("{% for x in xs -%}\n  {{ x }}\n{%- endfor %}\n", "312"),
        new("   {% set a = 1 %}   {% set b = 2 %}\nx", "   x"),
        new("{% if 1 %}  {% if 1 %}\n a{% endif %}{% endif %}", "   a"),
        new("{%- set x = 1 -%}\n\n{{- x -}}\n\n", "1"),
        new("a\u00A0{%- if 1 %}x{% endif %}", "ax"),
        new("a\n\u00A0{% if 1 %}x{% endif %}", "a\nx"),
        new("{{ 'x' -}}\n\n y", "xy"),
        new("{%-raw-%} a {%-endraw-%} b", "ab"),
        new("  {% raw %}\n a\n  {% endraw %}\n b", "\n a\n b"),
        new("x\n  {% raw %}y{% endraw %}", "x\ny"),
        new("{{-1}}", "1"),
        new("{{- -1 }}", "-1"),
        new("{{ 1 -}}{{- 2 }}", "12"),
        new("{% if 1 -%}{%- endif %}x", "x"),
        new("a{#-#}b", "ab"),
        new("a {#--#} b", "ab"),
        new("a{#", "a"),
        new("a {#-\n", "a"),
        new("a{% raw %}", "a"),
        new("\n", ""),
        new("", ""),
        new("text only\n\n", "text only\n"),
        new("{", "{"),
        new("{{'{'}}", "{"),
        new("}}", "}}"),
        new("%}", "%}"),
        new("{ {x} }", "{ {x} }"),
        new("a{b}c{%if 1%}d{%endif%}{e", "a{b}cd{e"),
    ];

    [TestCaseSource(nameof(Cases))]
    public void Renders_as_jinja2_does(Case test) => Sample.AssertRenders(test);
}
