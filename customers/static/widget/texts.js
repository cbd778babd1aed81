/* Words, times, numbers: everything said in the reader's language. */

const DAY = 86_400_000;

let catalogue = {};
let formats = {};

/** Says everything in other words of the same language. */
export function reword(texts) {
  catalogue = texts;
}

/** Reads the catalogue the server rendered, and the language of the document. */
export function useTexts(document) {
  reword(JSON.parse(document.getElementById("texts").textContent));
  const { lang } = document.documentElement;
  const unit = (name) => new Intl.NumberFormat(lang, { style: "unit", unit: name, unitDisplay: "long", maximumFractionDigits: 0 });
  const bytes = (name) => new Intl.NumberFormat(lang, { style: "unit", unit: name, maximumFractionDigits: 1 });
  formats = {
    relative: new Intl.RelativeTimeFormat(lang, { style: "short" }),
    clock: new Intl.DateTimeFormat(lang, { timeStyle: "short" }),
    exact: new Intl.DateTimeFormat(lang, { dateStyle: "full", timeStyle: "short" }),
    day: new Intl.DateTimeFormat(lang, { weekday: "long", day: "numeric", month: "long" }),
    percent: new Intl.NumberFormat(lang, { style: "percent" }),
    second: unit("second"),
    minute: unit("minute"),
    hour: unit("hour"),
    kilobyte: bytes("kilobyte"),
    megabyte: bytes("megabyte"),
  };
}

/** The sentence `key`, with the names in braces filled in. */
export function t(key, values = {}) {
  return (catalogue[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** How long ago, for the first hour; then the time of day. */
export function when(date, now = new Date()) {
  const minutes = Math.floor((now - date) / 60_000);
  if (minutes < 1) return t("just_now");
  return minutes < 60 ? formats.relative.format(-minutes, "minute") : formats.clock.format(date);
}

export const exactly = (date) => formats.exact.format(date);
export const percent = (share) => formats.percent.format(share);

/** "Today", "Yesterday", or the day with its weekday. */
export function day(date, now = new Date()) {
  const midnight = (moment) => new Date(moment).setHours(0, 0, 0, 0);
  const days = Math.round((midnight(now) - midnight(date)) / DAY);
  if (days === 0) return t("today");
  return days === 1 ? t("yesterday") : formats.day.format(date);
}

/** A length of time in its largest sensible unit. */
export function duration(seconds) {
  if (seconds < 60) return formats.second.format(Math.max(0, Math.round(seconds)));
  if (seconds < 3600) return formats.minute.format(seconds / 60);
  return formats.hour.format(seconds / 3600);
}

/** A file's size. */
export function size(bytes) {
  return bytes < 1_000_000 ? formats.kilobyte.format(Math.max(0.1, bytes / 1000)) : formats.megabyte.format(bytes / 1_000_000);
}
