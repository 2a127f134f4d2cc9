using VkInfer.Testing;

namespace VkInfer.Jinja.Tests;

/// <summary>
/// Templates that never end or never stop growing, and sources without a bottom: each ends with a limit, soon and in little memory.
/// </summary>
public sealed class LimitTests
{
    // allocated in all, most of it garbage at once: the default limits hold what lives to a fraction of it
    private const long MostBytes = 512L << 20;

    private static readonly TimeSpan LongestTime = TimeSpan.FromSeconds(1.5);

    private static readonly string[] Endless =
    [
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
        "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
        "{% for a in range(100000) if range(100000)|sum == 1 %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m() %}{% if 1 %}{% if 1 %}{% filter upper %}{{ m()|trim ~ m() }}{% endfilter %}{% endif %}{% endif %}{% endmacro %}{{ m() }}",
        "{% macro m() %}{% call m() %}{% endcall %}{{ caller() }}{% endmacro %}{% call m() %}x{% endcall %}",
        "{% set ns = namespace(f=none) %}{% macro m() %}{{ ns.f() }}{% endmacro %}{% set ns.f = m %}{{ m() }}",
    ];

    private static readonly string[] Growing =
    [
        "{{ 'x' * 10**9 }}",
        "{{ 10**9 * 'x' }}",
        "{{ 'x' * 9223372036854775807 }}",
        "{{ [0] * 10**9 }}",
        "{{ (0,) * 9223372036854775807 }}",
        "{{ range(10**9) }}",
        "{{ range(10**9)|list }}",
        "{{ range(-9223372036854775807, 9223372036854775807)|length }}",
        "{% set ns = namespace(s='x') %}{% for i in range(100) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}",
        "{% set ns = namespace(s='x') %}{% for i in range(100) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
        "{% set ns = namespace(s='x') %}{% for i in range(100000) %}{% set ns.s = ns.s + 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' %}{% endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(100) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(100) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(100) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l|tojson }}",
        "{% set ns = namespace(l=[1], m=[1]) %}{% for i in range(100) %}{% set ns.l = [ns.l, ns.l] %}{% set ns.m = [ns.m, ns.m] %}{% endfor %}{{ ns.l == ns.m }}",
        "{% set ns = namespace(l=(1,)) %}{% for i in range(100) %}{% set ns.l = (ns.l, ns.l) %}{% endfor %}{{ {ns.l: 1} }}",
        "{% set ns = namespace(l=[]) %}{% for i in range(100000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}",
        "{% set ns = namespace(l={}) %}{% for i in range(100000) %}{% set ns.l = {'a': ns.l} %}{% endfor %}{{ ns.l }}",
        "{% for i in range(100000) %}{{ 'x' * 1000 }}{% endfor %}",
        "{% set s = 'x' * 1000000 %}{{ s.replace('x', s) }}",
        "{% set s = 'x' * 1000000 %}{{ s|replace('', s) }}",
        "{% set s = 'x' * 1000000 %}{{ s.join(range(1000)|map('string')) }}",
        "{% set s = 'x' * 1000000 %}{{ [s] * 1000 }}",
        "{% set s = 'x' * 1000000 %}{{ ([s] * 1000)|join }}",
        "{% set s = 'x' * 1000000 %}{{ '{0}{0}{0}{0}{0}'.format(s) }}",
        "{% set s = 'x' * 1000000 %}{{ '%s%s%s%s%s'|format(s, s, s, s, s) }}",
        "{% set s = ' ' * 1000000 %}{{ (s|list)|map('list')|list }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '%.1000000000f' % 1 }}",
        "{{ '%.*f' % (1000000000, 1) }}",
        "{{ '{:1000000000}'.format(1) }}",
        "{{ '{:99999999999999999999}'.format(1) }}",
        "{{ 'x'.center(10**9) }}{{ 'x'.zfill(10**12) }}",
        "{{ 'x'|center(10**9) }}",
        "{{ 'a\nb'|indent(10**9) }}",
        "{{ [1]|tojson(indent=10**9) }}",
        "{{ '\t'.expandtabs(10**12) }}",
        "{{ [1]|batch(10**9, 0)|list }}",
        "{{ [1]|slice(10**9)|list }}",
        "{{ 2 ** 64 }}",
        "{{ 9223372036854775807 + 1 }}",
        "{{ -(-9223372036854775807 - 1) }}",
        "{{ (-9223372036854775807 - 1) // -1 }}",
        "{{ 1e300|int }}",
        "{{ '99999999999999999999'|int }}",
        "{% filter replace('a', 'b' * 1000000) %}{{ 'a' * 1000 }}{% endfilter %}",
        "{% set x %}{% for i in range(100000) %}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{% endfor %}{% endset %}",
    ];

    private static readonly string[] Slow =
    [
        "{% set n = 'a' * 500000 ~ 'b' ~ 'a' * 500000 %}{{ n in 'a' * 4000000 }}",
        "{% set n = 'a' * 500000 ~ 'b' ~ 'a' * 500000 %}{{ ('a' * 4000000).replace(n, '') }}",
        "{% set n = 'a' * 500000 ~ 'b' ~ 'a' * 500000 %}{{ ('a' * 4000000).rsplit(n)|length }}",
        "{% set n = 'a' * 500000 ~ 'b' ~ 'a' * 500000 %}{{ ('a' * 4000000).rfind(n) }}",
        "{% set s = 'a' * 1000000 %}{{ ([s] * 10000)|unique|list }}",
        "{% set s = 'a' * 1000000 %}{% set t = s ~ 'b' %}{{ ([s, t] * 10000)|sort }}",
        "{% set s = 'a' * 1000000 %}{% for i in range(100000) %}{{ s|wordcount }}{% endfor %}",
        "{% set s = 'a' * 1000000 %}{% for i in range(100000) %}{{ s.isalpha() }}{% endfor %}",
        "{% set s = 'a' * 1000000 %}{% for i in range(100000) %}{{ s.strip('b') }}{% endfor %}",
        "{% set l = [1] * 500000 %}{% for i in range(100000) %}{{ l|reject|list }}{% endfor %}",
        "{% set l = [1] * 500000 %}{% for i in range(100000) %}{{ l|sum }}{{ 2 in l }}{{ l|max }}{% endfor %}",
    ];

    [TestCaseSource(nameof(Endless))]
    [TestCaseSource(nameof(Growing))]
    [TestCaseSource(nameof(Slow))]
    public void A_template_is_stopped(string source)
    {
        var template = JinjaTemplate.Parse(source);
        AssertStopped(() => template.Render([]));
    }

    [TestCase("{{ ", "(", "1", ")", " }}")]
    [TestCase("{{ ", "(", "", "", "", false)]
    [TestCase("{{ ", "[", "", "]", " }}")]
    [TestCase("{{ ", "{1:", "1", "}", " }}")]
    [TestCase("{{ ", "not ", "1", "", " }}")]
    [TestCase("{{ ", "-", "1", "", " }}")]
    [TestCase("{{ 1 ", "+1", "", "", " }}")]
    [TestCase("{{ 1 ", "|abs", "", "", " }}")]
    [TestCase("{{ 1 ", " is odd == 1", "", "", " }}", false)]
    [TestCase("{{ a", ".a", "", "", " }}")]
    [TestCase("{{ a", "[a", "a", "]", " }}")]
    [TestCase("{{ a", "()", "", "", " }}")]
    [TestCase("{{ a", "(a", "a", ")", " }}")]
    [TestCase("{{ a", "(b=a", "", ")", " }}")]
    [TestCase("{{ 1 ", "and 1 ", "", "", " }}")]
    [TestCase("{{ 1 ", "if 1 else 1 ", "", "", " }}")]
    [TestCase("{{ 1 ", "if 1 ", "", "", " }}")]
    [TestCase("{{ 1 ", "** 1 ", "", "", " }}")]
    [TestCase("", "{% if 1 %}", "x", "{% endif %}", "")]
    [TestCase("", "{% for a in [1] %}", "x", "{% endfor %}", "")]
    [TestCase("", "{% macro m() %}", "x", "{% endmacro %}", "")]
    [TestCase("{% for ", "(", "a", ")", " in [] %}{% endfor %}")]
    [TestCase("{{ '", "{", "", "}", "'.format(1) }}", false)]
    [TestCase("", "{%", "", "", "", false)]
    [TestCase("", "{{'{'}}", "", "", "", false)]
    [TestCase("{% if 1 %}", "{% elif 1 %}", "", "", "{% endif %}", false)]
    [TestCase("{{ ", "1,", "", "", " }}", false)]
    [TestCase("{{ 1 ", "~ 1 ", "", "", " }}", false)]
    [TestCase("{{ 1 ", "< 1 ", "", "", " }}", false)]
    public void A_source_without_a_bottom_is_stopped(
        string begin, string open, string middle, string close, string end, bool mustFail = true)
    {
        int count = Math.Min(100_000, 250_000 / (open.Length + close.Length));
        string source = begin + string.Concat(Enumerable.Repeat(open, count)) + middle + string.Concat(Enumerable.Repeat(close, count))
            + end;
        OnSmallStack(() => AssertBounded(() =>
        {
            try
            {
                JinjaTemplate.Parse(source).Render([]);
                Assert.That(mustFail, Is.False);
            }
            catch (JinjaException exception)
            {
                Assert.That(
                    exception.Kind, Is.EqualTo(JinjaErrorKind.Limit).Or.EqualTo(JinjaErrorKind.Syntax).Or.EqualTo(JinjaErrorKind.Runtime));
                Assert.That(mustFail && exception.Kind != JinjaErrorKind.Limit, Is.False, exception.Message);
            }
        }));
    }

    [Test]
    public void A_source_of_allowed_depth_is_rendered_on_a_small_stack()
    {
        string source = new string('(', 100) + "1" + new string(')', 100);
        OnSmallStack(() => Assert.That(JinjaTemplate.Parse("{{ " + source + " }}").Render([]), Is.EqualTo("1")));
    }

    [Test]
    public void A_source_that_is_too_long_is_refused_before_it_is_read() =>
        AssertStopped(() => JinjaTemplate.Parse(new string('x', (1 << 18) + 1)));

    [Test]
    public void Variables_nested_too_deep_are_refused()
    {
        object value = 1;
        for (int i = 0; i < 100_000; i++)
        {
            value = new[] { value };
        }

        var template = JinjaTemplate.Parse("x");
        AssertStopped(() => template.Render([new("value", value)]));
    }

    [Test]
    public void A_variable_of_a_foreign_type_is_refused() =>
        Assert.That(() => JinjaTemplate.Parse("x").Render([new("value", new object())]), Throws.ArgumentException);

    [Test]
    public void An_error_names_its_line()
    {
        JinjaException exception = Assert.Throws<JinjaException>(() => Sample.Render("a\n{% if 1 %}\n\n  {{ missing.x }}\n{% endif %}"))!;
        Assert.That((exception.Line, exception.Kind), Is.EqualTo((4, JinjaErrorKind.Runtime)));
        Assert.That(exception.Message, Is.EqualTo("line 4: 'missing' is undefined"));
        exception = Assert.Throws<JinjaException>(() => Sample.Render("a\n\n{{ 1 +\n\n }}"))!;
        Assert.That((exception.Line, exception.Kind), Is.EqualTo((5, JinjaErrorKind.Syntax)));
    }

    private static void AssertStopped(Action action) => AssertBounded(() =>
    {
        JinjaException? exception = Assert.Throws<JinjaException>(action);
        Assert.That(exception?.Kind, Is.EqualTo(JinjaErrorKind.Limit), exception?.Message);
    });

    private static void AssertBounded(Action action)
    {
        TimeSpan time = Least.ProcessorTime(LongestTime, () =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            action();
            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(MostBytes));
        });
        Assert.That(time, Is.LessThan(LongestTime));
    }

    private static void OnSmallStack(Action action)
    {
        Exception? thrown = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    action();
                }
                catch (Exception exception)
                {
                    thrown = exception;
                }
            },
            maxStackSize: 512 << 10);
        thread.Start();
        thread.Join();
        Assert.That(thrown, Is.Null);
    }
}
