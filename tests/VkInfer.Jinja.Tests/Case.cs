namespace VkInfer.Jinja.Tests;

/// <summary>A template, and what it renders or a part of what it complains about: taken from jinja2 3.1 on Python 3.11.</summary>
public sealed record Case(string Template, string Expected)
{
    public override string ToString() => Template;
}
