export default {
  async render({ model, el }) {
    // The view's element holds this one, but only once all its children are drawn.
    let root = null;
    for (let i = 0; !root && i < 200; i++) {
      root = el.closest(".aml-run");
      if (!root) await new Promise((resolve) => setTimeout(resolve, 25));
    }
    if (!root) return;
    const place = el.closest(".aml-page") ?? el; // what is said over the view has its place here
    root.classList.add("aml-has-page");
    const notices = aml.makeNotices(root, place);
    const { send, stop } = aml.makeAsking({ model, root, notices });
    const stops = aml.starters.map((start) => {
      try {
        return start({ model, root, send, notices, place });
      } catch (reason) { // the other parts of the page work on
        console.error(reason);
        notices.say("script", `A part of this view does not work here: ${reason}`, { look: "bad", button: "Close" });
        return undefined;
      }
    });
    return () => {
      stops.forEach((one) => one?.());
      stop();
    };
  },
};
