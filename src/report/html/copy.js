
"use strict";
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  const label = button.textContent;
  button.addEventListener("click", () => {
    const ids = document.querySelectorAll("#" + button.dataset.copy + " .id");
    const text = Array.from(ids, (id) => id.textContent).join("\n");
    const say = (words) => {
      button.textContent = words;
      setTimeout(() => { button.textContent = label; }, 2000);
    };
    const byHand = () => {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      say(done ? "Copied" : "Select the ids by hand");
    };
    if (navigator.clipboard) {
      navigator.clipboard.writeText(text).then(() => say("Copied"), byHand);
    } else {
      byHand();
    }
  });
}
