/* MIT. Sorting, filtering, copying and the theme button: the page is complete without them. */
(function () {
  "use strict";
  var root = document.documentElement;
  document.querySelectorAll("[data-needs-script]").forEach(function (el) { el.hidden = false; });
  var theme = document.getElementById("theme");
  if (theme) {
    theme.addEventListener("click", function () {
      var dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      theme.setAttribute("aria-pressed", String(!dark));
    });
  }
  function value(row, index) {
    var cell = row.cells[index];
    return cell.dataset.v === undefined ? cell.textContent.trim().toLowerCase() : Number(cell.dataset.v);
  }
  document.querySelectorAll("table.sortable").forEach(function (table) {
    table.querySelectorAll("thead th").forEach(function (head, index) {
      var button = document.createElement("button");
      button.type = "button";
      while (head.firstChild) { button.appendChild(head.firstChild); }
      head.appendChild(button);
      button.addEventListener("click", function () {
        var up = head.getAttribute("aria-sort") === "descending";
        table.querySelectorAll("thead th").forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        var body = table.tBodies[0], rows = Array.prototype.slice.call(body.rows);
        rows.sort(function (a, b) {
          var x = value(a, index), y = value(b, index);
          return (x < y ? -1 : x > y ? 1 : 0) * (up ? 1 : -1);
        });
        rows.forEach(function (row) { body.appendChild(row); });
      });
    });
  });
  document.querySelectorAll("input[data-filters]").forEach(function (box) {
    var table = document.getElementById(box.dataset.filters);
    box.addEventListener("input", function () {
      var wanted = box.value.trim().toLowerCase();
      Array.prototype.forEach.call(table.tBodies[0].rows, function (row) {
        row.hidden = wanted !== "" && row.textContent.toLowerCase().indexOf(wanted) < 0;
      });
    });
  });
  document.querySelectorAll("button[data-copies]").forEach(function (button) {
    var source = document.getElementById(button.dataset.copies), name = button.textContent;
    function done() {
      button.textContent = button.dataset.done;
      setTimeout(function () { button.textContent = name; }, 2000);
    }
    function select() {
      var range = document.createRange(), chosen = getSelection();
      range.selectNodeContents(source);
      chosen.removeAllRanges();
      chosen.addRange(range);
      if (document.execCommand("copy")) { done(); }
    }
    button.addEventListener("click", function () {
      if (navigator.clipboard) { navigator.clipboard.writeText(source.textContent).then(done, select); } else { select(); }
    });
  });
  function open() {
    var target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
    if (target) { target.querySelectorAll("details").forEach(function (el) { el.open = true; }); }
  }
  addEventListener("hashchange", open);
  open();
  var shut = [];
  addEventListener("beforeprint", function () {
    shut = Array.prototype.slice.call(document.querySelectorAll("details:not([open])"));
    shut.forEach(function (el) { el.open = true; });
  });
  addEventListener("afterprint", function () { shut.forEach(function (el) { el.open = false; }); });
})();
