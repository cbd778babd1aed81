/*
 * A greeting's form shows what goes with what was chosen: the fields of each rule, operators for
 * numbers or for words, and cards only where there are any. What is hidden is sent all the same; the
 * server leaves out what does not belong.
 */

const form = document.getElementById("greeting_form");
const named = (row, name) => row.querySelector(`[name$="-${name}"]`);

/** Shows or hides the field around a control. */
function show(control, wanted) {
  const field = control?.closest(".group, .field-row") ?? control?.parentElement;
  if (field) field.hidden = !wanted;
}

/** Tells whether one of the names the server lists in a control's attribute is this one. */
const lists = (control, list, name) => control.dataset[list].split(" ").includes(name);

function drawRule(row) {
  const type = named(row, "type");
  const kind = type.value;
  const numeric = lists(type, "ofNumbers", kind);
  const value = named(row, "value");
  const operator = named(row, "operator");
  show(named(row, "key"), lists(type, "ofFields", kind));
  show(named(row, "urls"), lists(type, "ofUrls", kind));
  show(value, kind !== "url_funnel");
  value.type = numeric ? "number" : "text";
  for (const option of operator.options) {
    option.hidden = !lists(operator, numeric ? "forNumbers" : "forText", option.value);
    option.disabled = option.hidden;
  }
  if (operator.selectedOptions[0]?.disabled) operator.value = [...operator.options].find((option) => !option.disabled).value;
}

function drawButton(row) {
  show(named(row, "value"), !["", "cancel"].includes(named(row, "action").value));
}

function draw() {
  const says = form.elements.says.value;
  const rows = (prefix) => [...form.querySelectorAll(`[data-rows="${prefix}"] li[data-rows-row]`)];
  for (const row of rows("rules")) drawRule(row);
  for (const row of rows("buttons")) drawButton(row);
  for (const [name, wanted] of [["message", says === "text"], ["cards", says !== "text"], ["buttons", says !== "text" && says !== "sticker"]]) {
    const control = form.querySelector(`[data-rows="${name}"], [name="${name}"]`);
    (control.closest(`.field-${name}`) ?? control.parentElement).hidden = !wanted;
  }
}

form.addEventListener("change", draw);
form.addEventListener("click", () => setTimeout(draw));
draw();
