"use strict";
// Draws the timelines after the first paint; buttons zoom and pan them from the keyboard.
(() => {
  const data = JSON.parse(document.getElementById("timelines-data").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const coarse = matchMedia("(pointer: coarse)");
  const shown = document.getElementById("shown");
  const controls = document.getElementById("controls");
  const LIGHT = { ink: "#1a1a1a", blue: "#0072b2", grid: "#e3e3e3", quiet: "#50555c" };
  const DARK = { ink: "#e8eaed", blue: "#6cb4ec", grid: "#343b42", quiet: "#aab1b9" };

  const paint = (plots) => {
    const look = dark.matches ? DARK : LIGHT;
    for (const plot of plots) {
      for (const axis of [...plot.below, ...plot.left]) {
        axis.setv({
          axis_line_color: look.quiet, major_tick_line_color: look.quiet,
          minor_tick_line_color: null, major_label_text_color: look.ink,
        });
      }
      for (const grid of plot.center) grid.setv({ grid_line_color: look.grid });
      for (const renderer of plot.renderers) {
        const [name] = renderer.glyph.tags;
        if (name) renderer.glyph.line_color = look[name];
      }
    }
  };

  const told = (ms) => new Date(ms).toLocaleString("en-GB", {
    timeZone: "UTC", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit",
  });

  const steer = (range) => {
    const [first, last] = range.bounds;
    const least = range.min_interval;
    const go = (start, width) => {
      const wide = Math.min(last - first, Math.max(least, width));
      const from = Math.min(last - wide, Math.max(first, start));
      range.setv({ start: from, end: from + wide });
    };
    const zoom = (by) => {
      const width = range.end - range.start;
      go((range.start + range.end - width * by) / 2, width * by);
    };
    const pan = (by) => go(range.start + by * (range.end - range.start), range.end - range.start);
    const moves = {
      in: () => zoom(0.5), out: () => zoom(2), earlier: () => pan(-0.5), later: () => pan(0.5),
      all: () => go(first, last - first),
    };
    controls.addEventListener("click", (event) => {
      const move = event.target.closest("button")?.dataset.move;
      if (move) moves[move]();
    });
    let due = 0;
    const tell = () => {
      clearTimeout(due);
      due = setTimeout(() => { shown.textContent = `${told(range.start)} to ${told(range.end)} UTC`; }, 150);
    };
    range.on_change([range.properties.start, range.properties.end], tell);
    tell();
  };

  const dragging = (plots) => {
    const button = controls.querySelector("[data-drag]");
    const choose = (kind) => {
      for (const plot of plots) {
        plot.toolbar.active_drag = plot.toolbar.tools.find((tool) => tool.type === kind) ?? null;
      }
    };
    // On a touch screen a finger scrolls the page until it is asked to move the timelines.
    const usual = coarse.matches ? "" : "BoxZoomTool";
    if (coarse.matches) choose(usual);
    button.addEventListener("click", () => {
      const moves = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(moves));
      choose(moves ? "PanTool" : usual);
    });
  };

  const describe = () => {
    // The values stand in the run's files; to a screen reader a panel is its caption.
    for (const place of data.roots.keys()) {
      const plot = document.getElementById(`plot-${place}`);
      plot.setAttribute("role", "img");
      plot.setAttribute("aria-labelledby", `plot-${place}-caption`);
    }
  };

  const start = async () => {
    const roots = Object.fromEntries(data.roots.map((id, place) => [id, `plot-${place}`]));
    await Bokeh.embed.embed_items(
      { timelines: data.doc }, [{ docid: "timelines", roots, root_ids: data.roots }],
    );
    const found = Bokeh.documents.find((one) => one.get_model_by_id(data.roots[0]));
    const plots = data.roots.map((id) => found.get_model_by_id(id));
    paint(plots);
    dark.addEventListener("change", () => paint(plots));
    steer(plots[0].x_range);
    dragging(plots);
    describe();
    controls.hidden = false;
  };

  requestAnimationFrame(() => setTimeout(start));
})();
