using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Hosting.StaticWebAssets;
using Microsoft.Extensions.AI;
using VkInfer.Samples.Desktop.Chat;
using VkInfer.Samples.Desktop.Components;
using VkInfer.Samples.Desktop.Conversations;
using VkInfer.Samples.Desktop.Models;
using VkInfer.Samples.Desktop.Settings;
using VkInfer.Samples.Desktop.Statistics;

namespace VkInfer.Samples.Desktop.Hosting;

/// <summary>The application without its window: a server on a port of 127.0.0.1 that the system chooses.</summary>
internal static class DesktopHost
{
    // A pasted text may be long; the default of 32 KiB would end the connection.
    private const int LongestMessage = 8 << 20;

    // Blazor's own script and ours, nothing of other hosts, no inline script. Elements have no style attributes.
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' ws://127.0.0.1:*; "
        + "base-uri 'self'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>Starts the server, and loads the model that was chosen last.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="configure">Changes services; null: none.</param>
    /// <returns>The application, to be disposed, and the address to open.</returns>
    /// <exception cref="DataFileException">The file with conversations cannot be used.</exception>
    public static async Task<(WebApplication Application, Uri Address)> StartAsync(
        DesktopArguments arguments, Action<IServiceCollection>? configure = null)
    {
        // Another application name than the entry assembly's, where tests start it.
        WebApplicationBuilder builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            ApplicationName = typeof(DesktopHost).Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
        });
        StaticWebAssetsLoader.UseStaticWebAssets(builder.Environment, builder.Configuration);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        AddServices(builder.Services, arguments);
        configure?.Invoke(builder.Services);

        WebApplication application = builder.Build();
        try
        {
            var token = new AccessToken();
            application.Use(next => context => token.InvokeAsync(context, next));
            application.Use(next => context =>
            {
                context.Response.Headers.ContentSecurityPolicy = Policy;
                context.Response.Headers.XContentTypeOptions = "nosniff";
                context.Response.Headers["Referrer-Policy"] = "no-referrer";
                return next(context);
            });
            application.UseAntiforgery();
            application.MapStaticAssets();
            // The policy above says who may frame it.
            application.MapRazorComponents<App>()
                .AddInteractiveServerRenderMode(options => options.ContentSecurityFrameAncestorsPolicy = null);

            SettingsStore settings = application.Services.GetRequiredService<SettingsStore>();
            await application.StartAsync().ConfigureAwait(false);
            application.Services.GetRequiredService<ModelSwitch>().Load(ModelChoice.Of(settings.Current));
            string address = application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
            return (application, token.AddressWithToken(new Uri(address)));
        }
        catch
        {
            await application.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static void AddServices(IServiceCollection services, DesktopArguments arguments)
    {
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(_ => new DataFile(Path.Combine(arguments.DataFolder, "conversations.db")));
        services.AddSingleton<ConversationStore>();
        services.AddSingleton<SettingsStore>();
        services.AddSingleton<LocalTools>();
        services.AddSingleton<EngineStatistics>();
        services.AddSingleton(_ => new ModelStore());
        services.AddSingleton<ModelLibrary>();
        services.AddSingleton<ModelSwitch>();
        services.AddChatClient(provider => new SelectedChatClient(provider.GetRequiredService<ModelSwitch>())).UseFunctionInvocation();
        services.AddSingleton<ChatRunner>();

        services.AddRazorComponents().AddInteractiveServerComponents().AddHubOptions(options =>
            options.MaximumReceiveMessageSize = LongestMessage);
        services.AddDataProtection().UseEphemeralDataProtectionProvider(); // Nothing of it outlives the process.
    }
}
