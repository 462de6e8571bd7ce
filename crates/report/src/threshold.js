for (const box of document.querySelectorAll(".tool")) {
  const data = JSON.parse(box.querySelector("script").textContent);
  const at = name => box.querySelector("[data-id=" + name + "]");
  const n = data.n_positive + data.n_negative;
  const cost = (k, fp, fn) => (fp * data.false_positives[k] + fn * (data.n_positive - data.true_positives[k])) / n;
  const costs = () => [Number(at("fp").value), Number(at("fn").value)];
  const show = () => {
    const k = Number(at("t").value), [fp, fn] = costs();
    const tp = data.true_positives[k], wrong = data.false_positives[k];
    at("shown").textContent = (k / 100).toFixed(2);
    at("tp").textContent = tp;
    at("miss").textContent = data.n_positive - tp;
    at("alarm").textContent = wrong;
    at("tn").textContent = data.n_negative - wrong;
    at("cost").textContent = cost(k, fp, fn).toPrecision(3);
    at("bayes").textContent = fp + fn > 0 ? (fp / (fp + fn)).toFixed(2) : "undefined";
  };
  for (const input of box.querySelectorAll("input")) input.addEventListener("input", show);
  at("best").addEventListener("click", () => {
    const [fp, fn] = costs();
    let best = 0;
    for (let k = 1; k <= 100; k++) if (cost(k, fp, fn) < cost(best, fp, fn)) best = k;
    at("t").value = best;
    show();
  });
  show();
}
