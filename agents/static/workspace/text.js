/**
 * Words, numbers and times. The server renders the catalogue in the reader's language into the page;
 * numbers and times follow the same language through Intl.
 */

let catalogue = {};
let locale = "en";
let plurals = new Intl.PluralRules(locale);
let formats = {};

/** Take the catalogue (name → text with {placeholders}) and the language of the page. */
export function useCatalogue(strings, language) {
  catalogue = strings;
  locale = language || "en";
  plurals = new Intl.PluralRules(locale);
  formats = {
    time: new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" }),
    day: new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" }),
    dayYear: new Intl.DateTimeFormat(locale, { day: "numeric", month: "long", year: "numeric" }),
    short: new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" }),
    shortYear: new Intl.DateTimeFormat(locale, { dateStyle: "medium" }),
    exact: new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "medium" }),
    number: new Intl.NumberFormat(locale),
    minute: unit("minute"),
    hour: unit("hour"),
    day_unit: unit("day"),
    second: unit("second"),
    byte: unit("byte"),
    kilobyte: unit("kilobyte"),
    megabyte: unit("megabyte", 1),
    relative: new Intl.RelativeTimeFormat(locale, { numeric: "auto" }),
  };
}

function unit(name, digits = 0) {
  return new Intl.NumberFormat(locale, {
    style: "unit",
    unit: name,
    unitDisplay: "short",
    maximumFractionDigits: digits,
  });
}

/** The text of `name` with its {placeholders} filled. An unknown name shows itself, so that it is noticed. */
export function t(name, values = {}) {
  const template = catalogue[name] ?? name;
  return template.replace(/\{(\w+)\}/g, (whole, key) =>
    key in values ? isolated(String(values[key])) : whole,
  );
}

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
const LEFT_TO_RIGHT = /[A-Za-z\u00c0-\u024f\u0370-\u052f]/;

/** Words of the other writing direction, kept apart so that the text around them stays in its order. */
function isolated(words) {
  const other = document.documentElement.dir === "rtl" ? LEFT_TO_RIGHT : RIGHT_TO_LEFT;
  return other.test(words) ? `\u2068${words}\u2069` : words;
}

/** The text of `name` in the plural form of `count` (`name.one`, `name.few`, … `name.other`). */
export function plural(name, count, values = {}) {
  const form = `${name}.${plurals.select(count)}`;
  return t(form in catalogue ? form : `${name}.other`, { count: number(count), ...values });
}

export function number(value) {
  return formats.number.format(value);
}

/** A size in bytes, in words. */
export function fileSize(bytes) {
  if (bytes < 1000) return formats.byte.format(bytes);
  if (bytes < 1_000_000) return formats.kilobyte.format(bytes / 1000);
  return formats.megabyte.format(bytes / 1_000_000);
}

/** A length of time in its largest whole unit: "40 sec", "4 min", "2 hr". */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return formats.second.format(whole);
  if (whole < 3600) return formats.minute.format(Math.floor(whole / 60));
  if (whole < 86400) return formats.hour.format(Math.floor(whole / 3600));
  return formats.day_unit.format(Math.floor(whole / 86400));
}

export function clock(iso) {
  return formats.time.format(new Date(iso));
}

export function exact(iso) {
  return formats.exact.format(new Date(iso));
}

/** Midnight of the local day of a time, as a key that compares. */
export function dayKey(iso) {
  const date = new Date(iso);
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}

/** "Today", "Yesterday", the weekday with its date, or the date with its year. */
export function dayName(iso, now = Date.now()) {
  const date = new Date(iso);
  const days = Math.round((startOfDay(new Date(now)) - startOfDay(date)) / 86400000);
  if (days === 0 || days === 1) return capital(formats.relative.format(-days, "day"));
  return date.getFullYear() === new Date(now).getFullYear()
    ? formats.day.format(date)
    : formats.dayYear.format(date);
}

function startOfDay(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

function capital(text) {
  const [first, ...rest] = [...text];
  return (first ?? "").toLocaleUpperCase(locale) + rest.join("");
}

/** How long ago, short enough for a list row: "now", "4 min", "14:02", "3 Nov". */
export function shortAgo(iso, now = Date.now()) {
  const seconds = (now - Date.parse(iso)) / 1000;
  if (seconds < 60) return t("time.now");
  if (seconds < 3600) return duration(seconds);
  if (dayKey(iso) === dayKey(new Date(now).toISOString())) return clock(iso);
  return formats.short.format(new Date(iso));
}

/** How long ago, in a sentence: "4 minutes ago", "yesterday". */
export function ago(iso, now = Date.now()) {
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
  if (seconds < 60) return t("time.now");
  if (seconds < 3600) return formats.relative.format(-Math.floor(seconds / 60), "minute");
  if (seconds < 86400) return formats.relative.format(-Math.floor(seconds / 3600), "hour");
  return formats.relative.format(-Math.floor(seconds / 86400), "day");
}

function waiting(seconds) {
  return seconds < 10 ? t("time.now") : duration(seconds);
}

/** The day, short, with its year where that is another. */
function shortDate(iso, now) {
  const date = new Date(iso);
  const isThisYear = date.getFullYear() === new Date(now).getFullYear();
  return (isThisYear ? formats.short : formats.shortYear).format(date);
}

const WRITERS = {
  date: shortDate,
  short: shortAgo,
  ago,
  clock,
  waiting: (iso, now) => waiting((now - Date.parse(iso)) / 1000),
};

/**
 * A <time> that shows `iso` in the manner of `mode` (short, ago, clock, date, waiting), carries the exact time
 * for machines and as its title, and is kept current by refreshTimes().
 */
export function timeElement(iso, mode = "short") {
  const element = document.createElement("time");
  setTime(element, iso, mode);
  return element;
}

/** Point an existing <time> at another moment. */
export function setTime(element, iso, mode = element.dataset.mode ?? "short") {
  if (element.dateTime === iso && element.dataset.mode === mode) return;
  element.dateTime = iso;
  element.dataset.mode = mode;
  element.title = exact(iso);
  element.textContent = WRITERS[mode](iso, Date.now());
}

/** Bring every <time> below `root` up to date. */
export function refreshTimes(root, now = Date.now()) {
  for (const element of root.querySelectorAll("time[data-mode]")) {
    const text = WRITERS[element.dataset.mode](element.dateTime, now);
    if (element.textContent !== text) element.textContent = text;
  }
}
