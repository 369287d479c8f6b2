// What all the scripts of the page share. They are put together into one module, in the order that page.py gives.
const aml = {
  // Things done by the browser alone: data-aml-local="name" calls aml.local.name(element, event, root).
  local: {},
  // Called for each place that the view is drawn in: aml.starters.push(({model, root, send, notices}) => stop).
  // `root` is the .aml-run element. send(verb, argument, value, {element, isQuiet, onDone}) asks the kernel: the element shows
  // that it waits, a quiet one says nothing of waiting, onDone(error) is called with the answer. notices.say(name, text, how)
  // and notices.drop(name) say something over the view; see waiting.js.
  starters: [],
  // Views can be nested: an element belongs to the innermost one.
  isOurs: (root, element) => element instanceof Element && element.closest(".aml-run") === root,
  ours: (root, selector) => [...root.querySelectorAll(selector)].filter((one) => one.closest(".aml-run") === root),
  byKey: (root, key) => aml.ours(root, `[data-aml-key="${CSS.escape(key)}"]`)[0],
  newId: () => Math.random().toString(36).slice(2),
};
// Of this model in this page of the browser, whichever places it is drawn in.
aml.pageId = aml.newId();
