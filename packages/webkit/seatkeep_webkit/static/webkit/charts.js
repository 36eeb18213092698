// Draws the numbers of {% chart %}; ECharts is fetched only by pages that have one.
const source = document.querySelector("script[data-echarts]").dataset.echarts;
let loading = null;

function load() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = source;
    script.onload = () => resolve(window.echarts);
    script.onerror = reject;
    document.head.append(script);
  });
  return loading;
}

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--sk-${name}`).trim();
const palette = () => ["chart-1", "chart-2", "chart-3", "chart-4", "chart-5"].map(color);

function options({ kind, labels, series, stacked }) {
  const text = color("muted");
  const line = color("line");
  const marks = series.map((one) => ({
    name: one.name, data: one.values, type: kind === "bar" ? "bar" : "line", stack: stacked ? "all" : undefined,
    areaStyle: kind === "area" ? { opacity: 0.15 } : undefined, showSymbol: one.values.filter((value) => value !== null).length < 3, smooth: 0.2, barMaxWidth: 28,
    color: one.tone ? color(`chart-${one.tone}`) : undefined,
  }));
  return {
    color: palette(), animation: false, textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { left: 4, right: 8, top: series.length > 1 ? 34 : 12, bottom: 4, containLabel: true },
    legend: series.length > 1 ? { top: 0, left: 0, icon: "roundRect", itemWidth: 10, itemHeight: 10, textStyle: { color: text } } : undefined,
    tooltip: { trigger: "axis", renderMode: "richText", confine: true, axisPointer: { type: kind === "bar" ? "shadow" : "line" } },
    xAxis: { type: "category", data: labels, axisLine: { lineStyle: { color: line } }, axisTick: { show: false }, axisLabel: { color: text } },
    yAxis: { type: "value", minInterval: 1, splitLine: { lineStyle: { color: line } }, axisLabel: { color: text } },
    series: marks,
  };
}

function pie({ labels, series }) {
  const data = labels.map((name, at) => ({ name, value: series[0].values[at] }));
  return {
    color: palette(), animation: false, tooltip: { renderMode: "richText" },
    series: [{ type: "pie", radius: ["55%", "80%"], data, label: { color: color("muted") } }],
  };
}

async function draw(figure) {
  const data = JSON.parse(figure.querySelector("script").textContent);
  const echarts = await load();
  const area = figure.querySelector(".chart-area");
  const chart = echarts.getInstanceByDom(area) ?? echarts.init(area, null, { renderer: "canvas" });
  chart.setOption(data.kind === "pie" ? pie(data) : options(data), true);
  new ResizeObserver(() => chart.resize()).observe(area);
}

const drawAll = (root) => root.querySelectorAll?.("[data-chart]").forEach(draw);
drawAll(document);
document.addEventListener("htmx:afterSwap", (event) => drawAll(event.target));
document.addEventListener("themechange", () => drawAll(document));
