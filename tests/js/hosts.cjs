"use strict";
// Leads connections to LiveChat's hosts to the test's server, as an entry in a name server would;
// what runs here keeps believing that it talks to them.

const net = require("node:net");

const port = Number(process.env.CHAT_PORT);
const { connect } = net.Socket.prototype;

net.Socket.prototype.connect = function (...given) {
  const inner = Array.isArray(given[0]);
  const [options, listener] = inner ? given[0] : given;
  if (!/(^|\.)livechatinc\.com$/.test(options?.host ?? "")) {
    return connect.apply(this, given);
  }
  return connect.call(this, { ...options, host: "127.0.0.1", port }, listener);
};
