"use strict";
// Tables that sort and filter. All rows come as JSON; the first of them also stand in the page.
(() => {
  const STEP = 25;

  const written = (value, decimals) => {
    if (value === null) return "-";
    if (decimals === null) return String(value);
    const text = value.toLocaleString("en-US", {
      minimumFractionDigits: decimals, maximumFractionDigits: decimals, useGrouping: true,
    });
    return /^-[0.]*$/.test(text) ? text.slice(1) : text;
  };

  // What is missing stays last, whichever way the rest goes.
  const compare = (a, b, sign) => {
    if (a === null || b === null) return (a === null) - (b === null);
    if (typeof a === "number" && typeof b === "number") return sign * (a - b);
    return sign * String(a).localeCompare(String(b), "en", { numeric: true });
  };

  const enliven = (box) => {
    const data = JSON.parse(document.getElementById(box.dataset.table).textContent);
    const rows = data.rows.map((cells, place) => {
      const texts = cells.map((cell, column) => written(cell, data.decimals[column]));
      return { cells, texts, place, link: data.links[place] || "", whole: texts.join("\n").toLowerCase() };
    });
    const body = box.querySelector("tbody");
    const filter = box.querySelector("input");
    const count = box.querySelector(".count");
    const more = box.querySelector(".more");
    const heads = [...box.querySelectorAll("thead th")];
    let order = null, sign = 1, room = STEP;

    const cellOf = (row, column) => {
      const cell = document.createElement(column === 0 ? "th" : "td");
      if (column === 0) cell.scope = "row";
      if (data.decimals[column] !== null) cell.className = "number";
      const text = row.texts[column];
      if (column === 0 && row.link) {
        const link = document.createElement("a");
        link.href = row.link;
        link.textContent = text;
        cell.append(link);
      } else {
        cell.textContent = text;
      }
      return cell;
    };

    const draw = () => {
      const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      const found = rows.filter((row) => words.every((word) => row.whole.includes(word)));
      if (order !== null) {
        found.sort((a, b) => compare(a.cells[order], b.cells[order], sign) || a.place - b.place);
      }
      body.replaceChildren(...found.slice(0, room).map((row) => {
        const line = document.createElement("tr");
        line.append(...row.cells.map((_, column) => cellOf(row, column)));
        return line;
      }));
      const shown = Math.min(room, found.length);
      count.textContent = `${shown} of ${rows.length} rows shown`;
      more.hidden = shown === found.length;
    };

    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        sign = order === column ? -sign : 1;
        order = column;
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
        draw();
      });
    });
    filter.addEventListener("input", () => { room = STEP; draw(); });
    more.addEventListener("click", () => { room *= 4; draw(); });
    const note = box.querySelector(".rest");
    if (note) note.remove();
    box.querySelector(".tools").hidden = false;
    draw();
  };

  document.querySelectorAll(".data").forEach(enliven);
})();
