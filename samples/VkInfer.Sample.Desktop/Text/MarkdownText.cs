using Markdig;
using Markdig.Renderers.Html;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;
using Microsoft.AspNetCore.Components;

namespace VkInfer.Samples.Desktop.Text;

/// <summary>
/// Markdown of a model as HTML that can do no harm: its own HTML is shown as text, links lead to web and mail addresses only, and pictures,
/// which would tell a server what is read here, become links. Thread-safe.
/// </summary>
public static class MarkdownText
{
    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder()
        .DisableHtml().UsePipeTables().UseTaskLists().UseEmphasisExtras().UseAutoLinks().Build();

    private static readonly string[] Schemes = ["http", "https", "mailto"];

    /// <summary>Renders Markdown, which may be cut off anywhere.</summary>
    public static MarkupString Render(string text) => new(ToHtml(text));

    /// <summary>As <see cref="Render"/>.</summary>
    public static string ToHtml(string text)
    {
        MarkdownDocument document = Markdown.Parse(text, Pipeline);
        foreach (LinkInline link in document.Descendants<LinkInline>().ToArray())
        {
            Tame(link);
        }

        foreach (AutolinkInline link in document.Descendants<AutolinkInline>().ToArray())
        {
            if (link.IsEmail || IsAllowed(link.Url))
            {
                OpenOutside(link);
            }
            else
            {
                link.ReplaceBy(new LiteralInline(link.Url));
            }
        }

        foreach (CodeBlock block in document.Descendants<CodeBlock>())
        {
            // What scrolls must be reached by keyboard.
            block.GetAttributes().AddPropertyIfNotExist("tabindex", "0");
        }

        return document.ToHtml(Pipeline);
    }

    private static void Tame(LinkInline link)
    {
        link.IsImage = false;
        if (IsAllowed(link.Url))
        {
            OpenOutside(link);
            if (link.FirstChild is null)
            {
                link.AppendChild(new LiteralInline(link.Url!));
            }
        }
        else
        {
            link.ReplaceBy(new LiteralInline(""), copyChildren: true);
        }
    }

    private static void OpenOutside(Inline link)
    {
        HtmlAttributes attributes = link.GetAttributes();
        attributes.AddPropertyIfNotExist("target", "_blank");
        attributes.AddPropertyIfNotExist("rel", "noopener noreferrer");
    }

    private static bool IsAllowed(string? url) =>
        Uri.TryCreate(url, UriKind.Absolute, out Uri? address) && Schemes.Contains(address.Scheme);
}
