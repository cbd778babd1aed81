// What conversations need in Node and in a browser.

const WITHIN = 20_000;

function withTimeout(answer, name) {
  if (typeof answer?.then !== "function") return answer;
  return new Promise((take, fail) => {
    const timer = setTimeout(() => fail(new Error(`${name} was not answered`)), WITHIN);
    answer.then(take, fail).finally(() => clearTimeout(timer));
  });
}

/**
 * A client whose calls are counted: the set beside it holds the names of the methods called. A
 * promise that is not kept in time fails.
 */
export function counted(client) {
  const called = new Set();
  const watched = new Proxy(client, {
    get(target, name) {
      const value = target[name];
      if (typeof value !== "function") return value;
      return (...given) => {
        called.add(name);
        return withTimeout(value.apply(target, given), name);
      };
    },
  });
  return [watched, called];
}

/** The pushes a client hears; `hear` takes one, `next` waits for one that fits and takes it out. */
export class Pushes {
  #heard = [];
  #waiting = [];

  hear(action, payload) {
    const push = { action, payload };
    const at = this.#waiting.findIndex((waiting) => waiting.fits(push));
    if (at < 0) this.#heard.push(push);
    else this.#waiting.splice(at, 1)[0].take(payload);
  }

  next(action, wanted = () => true) {
    const fits = (push) => push.action === action && wanted(push.payload);
    const at = this.#heard.findIndex(fits);
    if (at >= 0) return Promise.resolve(this.#heard.splice(at, 1)[0].payload);
    return new Promise((take, fail) => {
      const late = new Error(`no ${action} push; heard: ${JSON.stringify(this.#heard)}`);
      const timer = setTimeout(() => fail(late), WITHIN);
      this.#waiting.push({
        fits,
        take(payload) {
          clearTimeout(timer);
          take(payload);
        },
      });
    });
  }
}
