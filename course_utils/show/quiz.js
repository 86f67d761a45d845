function start(root) {
  for (const form of root.querySelectorAll("form")) {
    const inputs = [...form.querySelectorAll("input")];
    const reasons = [...form.querySelectorAll("li")];
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Check";
    const status = document.createElement("div");
    status.setAttribute("role", "status");
    form.querySelector("fieldset").after(button, status);
    const say = (text, chosen) => {
      const line = document.createElement("p");
      const list = document.createElement("ul");
      line.textContent = text;
      list.append(...chosen.map((reason) => reason.cloneNode(true)));
      status.replaceChildren(line, ...(chosen.length ? [list] : []));
    };
    const check = () => {
      const chosen = reasons.filter((_, place) => inputs[place].checked);
      const right = reasons.filter((reason) => reason.className === "right").length;
      const found = chosen.filter((reason) => reason.className === "right").length;
      const wrong = chosen.length - found;
      if (!chosen.length) return say("Choose first, then check.", []);
      if (!wrong && found === right) return say(right > 1 ? "Yes, these are all the right ones." : "Yes.", chosen);
      if (right === 1) return say("Not yet. Try another.", chosen);
      const more = found < right ? ` You have ${found} of the ${right} right ones.` : "";
      say((wrong ? "Not all of these are right." : "Right so far.") + more, chosen);
    };
    button.addEventListener("click", check);
    form.addEventListener("submit", (event) => { event.preventDefault(); check(); });
    form.addEventListener("change", () => status.replaceChildren());
  }
}
