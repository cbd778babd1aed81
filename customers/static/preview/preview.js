/* The page around a previewed widget: it keeps nothing, and leaves the browser's history alone. */

Storage.prototype.setItem = () => {};
history.pushState = () => {};
history.replaceState = () => {};
