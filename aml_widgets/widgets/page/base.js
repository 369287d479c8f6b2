// What all the scripts of the page share. They are put together into one module, in the order that page.py gives.
const aml = {
  // Things done by the browser alone: data-aml-local="name" calls aml.local.name(element, event, root).
  local: {},
  // Called for each view of the page that is drawn: aml.starters.push(({model, root, send}) => stop). `root` is the .aml-run element.
  starters: [],
};
