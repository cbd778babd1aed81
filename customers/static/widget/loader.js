/*
 * The widget on somebody else's page: a launcher, and an iframe with the panel once it is needed.
 *
 *   <script src="https://chat.example/widget.js" data-organization-id="…" async></script>
 *
 * Lives in a shadow root on the root element, styles itself by a constructed style sheet (which no
 * Content-Security-Policy forbids), asks the network for nothing but the panel, and talks to the
 * panel over one MessageChannel. `SETTINGS` is filled in by the server.
 */
(() => {
  "use strict";
  const SETTINGS = "__SETTINGS__";
  const { texts, colors } = SETTINGS;
  const script = document.currentScript || document.querySelector("script[data-organization-id]");
  const before = window.LiveChatWidget;
  const config = window.__lc || {};
  if (!script || (before && before._h)) return;

  const root = document.documentElement;
  const organizationId = script.dataset.organizationId;
  const groupId = script.dataset.groupId;
  const language = script.dataset.language || root.lang;
  const base = new URL(SETTINGS.panel, script.src);
  const rightToLeft = getComputedStyle(root).direction === "rtl";
  const phone = matchMedia("(max-width: 480px), (max-height: 420px)");
  const key = "livechat-widget:" + organizationId;

  const make = (tag, attributes, parent) => {
    const svg = /^(svg|path)$/.test(tag);
    const element = svg
      ? document.createElementNS("http://www.w3.org/2000/svg", tag)
      : document.createElement(tag);
    for (const name in attributes) element.setAttribute(name, attributes[name]);
    if (parent) parent.append(element);
    return element;
  };
  const remember = (area, value) => {
    try {
      if (value) window[area].setItem(key, value);
      else window[area].removeItem(key);
    } catch { /* storage is blocked: nothing is remembered */ }
  };
  const recall = (area) => {
    try {
      return window[area].getItem(key);
    } catch {
      return null;
    }
  };

  const host = make("livechat-widget", { dir: rightToLeft ? "rtl" : "ltr" });
  const shadow = host.attachShadow({ mode: "open" });
  const css = `
:host{all:initial!important;color-scheme:light dark!important}
@media print{:host{display:none!important}}
[hidden]{display:none!important}
button{position:fixed;inset-block-end:20px;inset-inline-end:20px;z-index:2147483000;width:56px;height:56px;padding:0;border:2px solid transparent;border-radius:50%;background:${colors.accent};color:${colors.contrast};box-shadow:0 8px 28px rgb(0 0 0/.22);cursor:pointer}
button:hover{background:${colors.hover}}
button:focus-visible{outline:3px solid ${colors.focus};outline-offset:3px}
svg{display:block;width:24px;height:24px;margin:auto;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
.badge{position:absolute;inset-block-start:-4px;inset-inline-end:-4px;box-sizing:border-box;min-width:22px;padding:0 6px;border-radius:11px;background:${colors.danger};color:${colors.dangerContrast};font:600 13px/22px system-ui,sans-serif}
.said{position:fixed;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.box{position:fixed;inset-block-end:88px;inset-inline-end:20px;z-index:2147483000;box-sizing:border-box;width:min(24em,100vw - 40px);height:min(40em,100vh - 108px);overflow:hidden;border:1px solid ${colors.border};border-radius:10px;background:${colors.surface};box-shadow:0 8px 28px rgb(0 0 0/.22);visibility:hidden;opacity:0;transform:translateY(8px);transition:opacity .15s,transform .15s,visibility 0s .15s}
.open .box,.greets .box{visibility:visible;opacity:1;transform:none;transition:opacity .15s,transform .15s}
.greets .box{width:min(20em,100vw - 40px);max-height:min(26em,50vh)}
iframe{display:block;width:100%;height:100%;border:0}
@media (max-width:480px),(max-height:420px){
:not(.greets)>.box{inset:0;width:100%;height:100dvh;border:0;border-radius:0}
.open button{visibility:hidden}}
@media (max-height:600px) and (min-height:421px) and (min-width:481px){
.open .box{inset-block-end:12px;height:calc(100vh - 24px)}
.open button{visibility:hidden}}
${SETTINGS.css}@media (prefers-reduced-motion:reduce){.box{transition:none!important;transform:none}}`;
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    shadow.adoptedStyleSheets = [sheet];
  } catch {
    const style = make("style", {}, shadow);
    style.nonce = script.nonce;
    style.textContent = css;
  }

  const stage = make("div", {}, shadow);
  const launcher = make("button", { type: "button", "aria-haspopup": "dialog" }, stage);
  const icon = make("path", {}, make("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, launcher));
  if (SETTINGS.label) make("span", { class: "label" }, launcher).textContent = SETTINGS.label;
  const badge = make("span", { class: "badge", "aria-hidden": "true", hidden: "" }, launcher);
  const said = make("div", { class: "said", role: "status" }, stage);
  const box = make("div", { class: "box" }, stage);

  const listeners = {};
  let profile = {};
  const details = { availability: "online", customer: {}, chat: {} };
  let visibility = "minimized";
  let unread = 0;
  let connect = false;
  let frame = null;
  let port = null;
  let ready = false;
  let address = "";
  let overflow = "";
  let deadline = 0;
  let asked = false;
  let watch = 0;
  let idle = false;
  let identity;
  let leaving;
  let peek = 0;
  let away = SETTINGS.away;

  const emit = (name, data) => {
    for (const listener of [...(listeners[name] || [])]) {
      try {
        listener(data);
      } catch (error) {
        console.error(error);
      }
    }
  };
  const post = (message) => port && port.postMessage(message);
  const state = () => ({ availability: details.availability, visibility });
  const greeting = () => ({ state: state(), customerData: details.customer });
  const maximized = () => visibility === "maximized";
  const covering = () => maximized() && phone.matches;
  const page = () => ({ url: location.href, title: document.title });

  const draw = () => {
    const open = maximized();
    stage.className = open ? "open" : peek ? "greets" : "";
    stage.hidden = visibility === "hidden";
    launcher.hidden = away && !open && !recall("localStorage");
    launcher.setAttribute("aria-expanded", open);
    launcher.setAttribute(
      "aria-label",
      open ? texts.close : unread ? texts.unread.replace("{count}", unread) : texts.open,
    );
    icon.setAttribute("d", open ? "m6 9 6 6 6-6" : SETTINGS.icon);
    badge.textContent = unread > 99 ? "99+" : unread;
    badge.hidden = open || !unread;
  };

  /** Nobody asked for the chat yet when `early` is true: only greetings are a reason to load it. */
  const load = (early) => {
    if (frame && (!idle || early === true)) return;
    unload();
    idle = early === true;
    const query = {
      organization_id: organizationId,
      group_id: groupId,
      language,
      dir: rightToLeft && "rtl",
      idle,
      identity: identity && typeof identity,
      sign_out: leaving,
    };
    leaving = false;
    for (const name in query) {
      base.searchParams.delete(name);
      if (query[name]) base.searchParams.set(name, query[name]);
    }
    frame = make("iframe", { title: texts.title, src: base.href, allow: "clipboard-write" });
    frame.addEventListener("load", greet);
    deadline = setTimeout(idle ? unload : giveUp, 15000);
    box.append(frame);
  };
  const unload = () => {
    clearTimeout(deadline);
    if (port) port.close();
    if (frame) frame.remove();
    frame = port = null;
  };
  const greet = () => {
    const channel = new MessageChannel();
    port = channel.port1;
    port.onmessage = (event) => receive(event.data);
    address = location.href;
    const hello = { type: "hello", profile, page: page(), referrer: document.referrer, connect };
    frame.contentWindow.postMessage(
      { ...hello, visibility, covering: covering(), focus: asked },
      base.origin,
      [channel.port2],
    );
  };
  const giveUp = () => {
    unload();
    if (maximized()) show("minimized");
    said.textContent = launcher.title = texts.failed;
  };

  const receive = (message) => {
    if (message.type === "ready") {
      clearTimeout(deadline);
      idle = false;
      launcher.removeAttribute("title");
    } else if (message.type === "maximize") {
      show("maximized", true);
    } else if (message.type === "greeting") {
      peek = message.height;
      if (said.textContent !== message.text) said.textContent = message.text;
      draw();
      fit();
    } else if (message.type === "minimize") {
      show("minimized");
      launcher.focus();
    } else if (message.type === "unread") {
      if (message.count > unread && !maximized()) {
        said.textContent = texts.unread.replace("{count}", message.count);
      }
      unread = message.count;
      draw();
    } else if (message.type === "availability") {
      details.availability = message.availability;
      away = SETTINGS.hides && message.availability === "offline";
      draw();
      emit("availability_changed", { availability: message.availability });
    } else if (message.type === "customer") {
      const changed = details.customer.status !== message.customer.status;
      details.customer = message.customer;
      if (changed) emit("customer_status_changed", { status: message.customer.status });
    } else if (message.type === "chat") {
      details.chat = message.chat;
      remember("localStorage", "chat");
    } else if (message.type === "identity") {
      vouch(message, port);
    } else if (message.type === "event") {
      emit("new_event", message.event);
    } else if (message.type === "happened") {
      emit(message.name, message.data);
      if (config.identity_fallback && message.name === "identity_failed") become();
    }
  };

  /** Has the page's own code say who its visitor is; the panel waits for the answer. */
  const vouch = async (message, to) => {
    try {
      const said = identity[message.ask] || identity;
      message.value = said.call ? await said.call(identity) : said;
    } catch (error) {
      console.error(error);
    }
    to.postMessage(message);
  };

  /** Lets the visitor be whom `next` vouches for, or nobody known; nothing of who was stays. */
  const become = (next) => {
    const again = leaving || (frame && !idle);
    identity = next;
    profile = {};
    details.customer = details.chat = {};
    unread = peek = 0;
    connect = maximized();
    remember("localStorage");
    unload();
    draw();
    if (again) load();
  };

  const fit = () => {
    const view = window.visualViewport;
    const keyboard = covering() && view && view.scale === 1;
    box.style.height = keyboard ? view.height + "px" : peek && !maximized() ? peek + "px" : "";
    box.style.top = keyboard ? view.offsetTop + "px" : "";
    box.style.bottom = keyboard ? "auto" : "";
  };
  const cover = () => {
    const now = covering();
    if (now === host.hasAttribute("covering")) return;
    host.toggleAttribute("covering", now);
    if (now) overflow = root.style.overflow;
    root.style.overflow = now ? "hidden" : overflow;
    if (document.body) document.body.inert = now;
    if (now && !marked()) {
      history.pushState(Object.assign({}, history.state, { liveChatWidget: true }), "");
    } else if (!now && marked()) {
      history.back();
    }
  };
  const marked = () => Boolean(history.state && history.state.liveChatWidget);

  const show = (next, focus) => {
    if (next === visibility) return;
    visibility = next;
    asked = Boolean(focus);
    if (maximized()) {
      connect = true;
      load();
    }
    remember("sessionStorage", maximized() ? "open" : "");
    draw();
    cover();
    fit();
    post({ type: "visibility", visibility, covering: covering(), focus });
    if (maximized() && focus && frame) frame.focus();
    emit("visibility_changed", { visibility });
  };

  const moved = () => {
    if (location.href === address) return;
    address = location.href;
    setTimeout(() => post({ type: "page", page: page() }), 100);
  };
  const back = () => {
    if (covering() && !marked()) show("minimized");
    moved();
  };
  const resized = () => {
    cover();
    fit();
    post({ type: "visibility", visibility, covering: covering() });
  };
  const scope = new AbortController();
  const { signal } = scope;
  const listen = (target, name, handler) => target && target.addEventListener(name, handler, { signal });

  const customer = (values) => {
    Object.assign(profile, values);
    post({ type: "customer", customer: values });
  };
  const fields = (values) => Object.entries(values || {}).map(([name, value]) => ({ [name]: String(value) }));
  const merged = (values) => {
    const known = Object.assign({}, ...(profile.session_fields || []));
    return fields(Object.assign(known, values));
  };
  const methods = {
    maximize: () => show("maximized", true),
    minimize: () => show("minimized"),
    hide: () => show("hidden"),
    set_customer_name: (name) => customer({ name }),
    set_customer_email: (email) => customer({ email }),
    set_session_variables: (values) => customer({ session_fields: fields(values) }),
    update_session_variables: (values) => customer({ session_fields: merged(values) }),
    sign_in: become,
    sign_out: () => {
      leaving = true;
      become();
    },
    destroy: () => {
      show("hidden");
      scope.abort();
      clearInterval(watch);
      unload();
      host.remove();
      delete window.LiveChatWidget;
    },
  };
  const getters = { state, customer_data: () => details.customer, chat_data: () => details.chat };

  const verbs = {
    call(name, ...values) {
      if (!methods[name]) throw new Error("[LiveChatWidget] unknown method: " + name);
      methods[name](...values);
    },
    get(name) {
      if (!getters[name]) throw new Error("[LiveChatWidget] unknown getter: " + name);
      return getters[name]();
    },
    on(name, listener) {
      (listeners[name] = listeners[name] || new Set()).add(listener);
      if (name === "ready" && ready) listener(greeting());
    },
    off(name, listener) {
      if (listeners[name]) listeners[name].delete(listener);
    },
    once(name, listener) {
      const first = (data) => {
        verbs.off(name, first);
        listener(data);
      };
      verbs.on(name, first);
    },
  };
  const api = Object.assign({ _h: (verb, values) => verbs[verb](...values) }, verbs);
  window.LiveChatWidget = api;

  const rest = () => setTimeout(() => host.isConnected && (window.requestIdleCallback || setTimeout)(() => load(true)), 500);
  const start = () => {
    identity = config.custom_identity_provider ? config.custom_identity_provider() : config.identity_proof;
    root.append(host);
    draw();
    if (SETTINGS.open || recall("sessionStorage") && (!phone.matches || marked())) show("maximized");
    else if (recall("localStorage")) {
      connect = true;
      (window.requestIdleCallback || setTimeout)(load);
    }
    if (!frame) {
      if (document.readyState === "complete") rest();
      else listen(window, "load", rest);
    }
    if (marked() && !maximized()) {
      history.replaceState(Object.assign({}, history.state, { liveChatWidget: false }), "");
    }
    for (const [verb, values] of (before && before._q) || []) verbs[verb](...values);
    ready = true;
    emit("ready", greeting());
  };

  launcher.addEventListener("click", () => show(maximized() ? "minimized" : "maximized", true));
  launcher.addEventListener("pointerenter", load);
  launcher.addEventListener("focus", load);
  listen(root, "mouseleave", () => post({ type: "leaving" }));
  listen(window, "popstate", back);
  listen(window, "hashchange", moved);
  listen(window.visualViewport, "resize", fit);
  listen(window.visualViewport, "scroll", fit);
  listen(phone, "change", resized);
  if (window.navigation) listen(window.navigation, "navigatesuccess", moved);
  else watch = setInterval(moved, 1000);

  if (document.readyState === "loading") listen(document, "DOMContentLoaded", start);
  else start();
})();
