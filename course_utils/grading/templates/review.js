const points = document.getElementById("points");
const boxes = [...document.querySelectorAll("input[data-points]")];
for (const box of boxes) {
  box.addEventListener("change", () => {
    const sum = boxes.reduce((total, one) => total + (one.checked ? Number(one.dataset.points) : 0), 0);
    points.value = String(Math.min(Math.round(sum * 100) / 100, Number(points.dataset.max)));
  });
}
document.querySelector("form")?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.requestSubmit();
});
