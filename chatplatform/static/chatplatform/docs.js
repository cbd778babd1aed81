// Starts the API reference with the documents the page names.
"use strict";

const place = document.getElementById("reference");
const choices = JSON.parse(document.getElementById("reference-choices").textContent);

window.SwaggerUIBundle({
  domNode: place,
  urls: choices,
  "urls.primaryName": place.dataset.first,
  deepLinking: true,
  docExpansion: "list",
  filter: true,
  layout: "StandaloneLayout",
  presets: [window.SwaggerUIBundle.presets.apis, window.SwaggerUIStandalonePreset],
  // The documents are valid; no third party is asked to confirm it.
  validatorUrl: null,
});
