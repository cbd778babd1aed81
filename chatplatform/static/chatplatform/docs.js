// Shows the OpenAPI document the page names.
"use strict";

const place = document.getElementById("reference");

window.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.document,
  deepLinking: true,
  docExpansion: "list",
  filter: true,
  layout: "BaseLayout",
  presets: [window.SwaggerUIBundle.presets.apis],
  // The documents are valid; no third party is asked to confirm it.
  validatorUrl: null,
});
