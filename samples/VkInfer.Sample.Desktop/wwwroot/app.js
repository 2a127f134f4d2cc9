// What Blazor does not do by itself: dialogs, shortcuts, sending by Enter, following an answer as it grows.
let openedFrom = null;
window.vkinfer = {
    showDialog: dialog => {
        openedFrom = document.activeElement;
        dialog.showModal();
    },

    setTheme: theme => { document.documentElement.dataset.theme = theme; },

    copy: async text => {
        try {
            await navigator.clipboard.writeText(text);
            return true;
        } catch {
            return false;
        }
    },
};

// A shortcut stands in aria-keyshortcuts of what it presses, and nowhere else.
function matches(event, shortcut) {
    const keys = shortcut.split('+');
    const key = keys.pop();
    return event.key.toLowerCase() === key.toLowerCase() && event.ctrlKey === keys.includes('Control')
        && event.shiftKey === keys.includes('Shift') && !event.altKey && !event.metaKey;
}

document.addEventListener('keydown', event => {
    if (event.isComposing || event.defaultPrevented) {
        return;
    }

    if (event.key === 'Enter' && !event.shiftKey && event.target.matches('textarea[data-sends]')) {
        event.preventDefault();
        event.target.form.requestSubmit();
        return;
    }

    // An open dialog has the keyboard.
    const within = document.querySelector('dialog[open]') ?? document;
    for (const element of within.querySelectorAll('[aria-keyshortcuts]')) {
        if (matches(event, element.getAttribute('aria-keyshortcuts'))) {
            event.preventDefault();
            element.click();
            return;
        }
    }
});

// Messages stay at their end, unless the reader went up.
let follows = true;
document.addEventListener('scroll', event => {
    if (event.target.id === 'messages') {
        const list = event.target;
        follows = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    }
}, true);

new MutationObserver(() => {
    // A dialog that is taken away while it is open leaves the focus nowhere.
    if (openedFrom && !document.querySelector('dialog[open]')) {
        if (document.activeElement === document.body && openedFrom.isConnected) {
            openedFrom.focus();
        }

        openedFrom = null;
    }

    const list = document.getElementById('messages');
    if (list && follows) {
        list.scrollTop = list.scrollHeight;
    }
}).observe(document.documentElement, { childList: true, subtree: true, characterData: true });
