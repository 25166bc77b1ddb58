// Shows what changed without a reload. Without scripts the page is the same, as of its loading.
"use strict";
(() => {
  const quiet = 1000; // milliseconds: many events of one moment are one reload
  let due = null;
  const fetchAgain = async () => {
    due = null;
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const here = document.getElementById("main"), there = fresh.getElementById("main");
    // Who is typing, or has marked something, is left alone until the next event.
    const busy = here.contains(document.activeElement) && document.activeElement !== here;
    if (there && !busy && String(getSelection()) === "") here.replaceChildren(...there.childNodes);
  };
  const events = new EventSource("/api/v1/events");
  const shown = document.body.dataset.run; // the run that this page is about, if it is about one
  const concerns = ({ kind, run }) =>
    kind === "lost" || (shown ? run === shown : kind !== "run-lines");
  events.onmessage = ({ data }) => {
    if (concerns(JSON.parse(data))) due ??= setTimeout(fetchAgain, quiet);
  };
})();
