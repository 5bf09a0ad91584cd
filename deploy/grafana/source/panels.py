"""Words to write dashboards with: panels, rows and variables as Grafana stores them.

    row("Now",
        stat("Waiting", "Inquiries that wait.", f"sum({Q('firstline_inquiries_waiting')})"))

A dashboard is a list of rows; panels of a row stand side by side and share 24 columns, or `width`.
Every expression takes its metrics through R, W, Q, C or T, which add the selectors of the
dashboard's variables, so that none forgets job and instance.
"""

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}

GREEN, ORANGE, RED, BLUE = "green", "orange", "red", "blue"

COUNT, SECONDS, SHARE, BYTES = "short", "s", "percentunit", "bytes"
PER_MINUTE, PER_SECOND, CALLS = "cpm", "ops", "reqps"

RATE = "$__rate_interval"
WINDOW = "$window"


# ---- Expressions -------------------------------------------------------------------------------

ROUTER_LABELS = 'job=~"$job", instance=~"$instance"'
WORKSPACE_LABELS = ROUTER_LABELS + ', workspace=~"$workspace"'
QUEUE_LABELS = WORKSPACE_LABELS + ', queue=~"$queue"'
CHANNEL_LABELS = QUEUE_LABELS + ', channel=~"$channel"'


def _select(metric, labels, more):
    return f"{metric}{{{labels}{', ' + more if more else ''}}}"


def R(metric, more=""):
    """Selector of a metric of the process, such as commits; `more`: further matchers."""
    return _select(metric, ROUTER_LABELS, more)


def W(metric, more=""):
    """... of a metric with a workspace and no queue."""
    return _select(metric, WORKSPACE_LABELS, more)


def Q(metric, more=""):
    """... with a queue."""
    return _select(metric, QUEUE_LABELS, more)


def C(metric, more=""):
    """... with queue and channel."""
    return _select(metric, CHANNEL_LABELS, more)


def T(metric, more=""):
    """... with a team."""
    return _select(metric, WORKSPACE_LABELS + ', team=~"$team"', more)


def total(selector, by="", over=RATE):
    """What a counter grew by a second, over all pods: counts stay on the pod that counted."""
    grouping = f" by ({by})" if by else ""
    return f"sum{grouping} (rate({selector}[{over}]))"


def per_minute(selector, by=""):
    return f"60 * {total(selector, by)}"


def ratio(part, whole):
    """No value where the whole is nothing, instead of NaN."""
    return f"{part} / ({whole} > 0)"


def quantile(share, selector, by=""):
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({share}, {total(selector, labels)} > 0)"


# ---- Targets and panels ------------------------------------------------------------------------

def query(expr, legend="", instant=False, kind="time_series"):
    target = {"datasource": DATASOURCE, "expr": expr, "legendFormat": legend or "__auto",
              "format": kind, "range": not instant, "instant": instant, "editorMode": "code"}
    return target


def thresholds(*steps):
    """thresholds(GREEN, (30, ORANGE), (60, RED))."""
    first, *rest = steps
    return {"mode": "absolute", "steps": [{"color": first, "value": None}] +
            [{"color": color, "value": value} for value, color in rest]}


def _panel(kind, title, description, targets, unit, custom=None, options=None, steps=None,
           bounds=(None, None), decimals=None, width=None):
    for index, target in enumerate(targets):
        target["refId"] = chr(ord("A") + index)
    defaults = {"unit": unit, "color": {"mode": "thresholds" if steps else "palette-classic"},
                "thresholds": steps or thresholds(GREEN), "mappings": []}
    if custom:
        defaults["custom"] = custom
    low, high = bounds
    if low is not None:
        defaults["min"] = low
    if high is not None:
        defaults["max"] = high
    if decimals is not None:
        defaults["decimals"] = decimals
    return {"type": kind, "title": title, "description": description, "datasource": DATASOURCE,
            "targets": targets, "fieldConfig": {"defaults": defaults, "overrides": []},
            "options": options or {}, "_width": width}


def stat(title, description, expr, unit=COUNT, steps=None, **more):
    """One figure, coloured by thresholds, with its recent course."""
    options = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
               "colorMode": "background" if steps else "value", "graphMode": "area",
               "justifyMode": "auto", "orientation": "auto", "textMode": "auto", "wideLayout": True}
    return _panel("stat", title, description, [query(expr, title)], unit, options=options,
                  steps=steps, **more)


def lines(title, description, targets, unit=COUNT, stack=False, steps=None, floor=0, **more):
    """Courses over time. `steps`: drawn as lines in the background."""
    custom = {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 30 if stack else 0,
              "showPoints": "never", "spanNulls": False, "axisPlacement": "auto",
              "stacking": {"mode": "normal" if stack else "none", "group": "A"},
              "thresholdsStyle": {"mode": "dashed" if steps else "off"}}
    options = {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True,
                          "calcs": []},
               "tooltip": {"mode": "multi", "sort": "desc"}}
    panel = _panel("timeseries", title, description, targets, unit, custom, options, steps,
                   bounds=(floor, more.pop("ceiling", None)), **more)
    panel["fieldConfig"]["defaults"]["color"]["mode"] = "palette-classic"
    return panel


def heatmap(title, description, expr, unit=SECONDS, **more):
    """How many fell into each bucket, over time; `expr` must keep the label le."""
    options = {"calculate": False, "cellGap": 1, "cellValues": {"unit": COUNT},
               "color": {"mode": "scheme", "scheme": "Blues", "fill": "blue", "steps": 64,
                         "reverse": False, "exponent": 0.5, "scale": "exponential"},
               "exemplars": {"color": "orange"}, "filterValues": {"le": 1e-9},
               "legend": {"show": True}, "rowsFrame": {"layout": "auto"},
               "showValue": "never", "tooltip": {"mode": "single", "yHistogram": False},
               "yAxis": {"axisPlacement": "left", "reverse": False, "unit": unit}}
    custom = {"hideFrom": {"legend": False, "tooltip": False, "viz": False},
              "scaleDistribution": {"type": "linear"}}
    return _panel("heatmap", title, description, [query(expr, "{{le}}", kind="heatmap")], unit,
                  custom, options, **more)


def bars(title, description, expr, legend, unit=COUNT, steps=None, **more):
    """The latest figure of each member, as bars."""
    options = {"displayMode": "basic", "orientation": "horizontal", "showUnfilled": True,
               "valueMode": "color", "minVizHeight": 16, "minVizWidth": 8, "maxVizHeight": 300,
               "namePlacement": "auto", "sizing": "auto",
               "legend": {"calcs": [], "displayMode": "list", "placement": "bottom",
                          "showLegend": False},
               "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    return _panel("bargauge", title, description, [query(expr, legend, instant=True)], unit,
                  options=options, steps=steps, bounds=(0, more.pop("ceiling", None)), **more)


def column(name, expr, unit=COUNT, steps=None, decimals=None):
    """One column of a table, see table."""
    return {"name": name, "expr": expr, "unit": unit, "steps": steps, "decimals": decimals}


def table(title, description, by, columns, **more):
    """A line for each value of the labels `by`, a column for each expression, joined by them."""
    targets = [query(part["expr"], instant=True, kind="table") for part in columns]
    panel = _panel("table", title, description, targets, COUNT,
                   {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True,
                    "inspect": False},
                   {"showHeader": True, "cellHeight": "sm"},
                   **more)
    names, overrides = {label: label.capitalize() for label in by}, []
    for index, part in enumerate(columns):
        field = f"Value #{chr(ord('A') + index)}"
        names[field] = part["name"]
        properties = [{"id": "unit", "value": part["unit"]}]
        if part["decimals"] is not None:
            properties.append({"id": "decimals", "value": part["decimals"]})
        if part["steps"]:
            properties += [{"id": "thresholds", "value": part["steps"]},
                           {"id": "color", "value": {"mode": "thresholds"}},
                           {"id": "custom.cellOptions", "value": {"type": "color-background",
                                                                  "mode": "basic"}}]
        overrides.append({"matcher": {"id": "byName", "options": part["name"]},
                          "properties": properties})
    panel["fieldConfig"]["overrides"] = overrides
    panel["transformations"] = [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {
            "excludeByName": {"Time": True}, "renameByName": names, "includeByName": {},
            "indexByName": {name: index for index, name in enumerate(["Time", *names])}}}]
    return panel


def row(title, *panels, height=8):
    return {"title": title, "panels": panels, "height": height}


# ---- Variables and the whole -------------------------------------------------------------------

def _choice(name, label, metric_query):
    """A variable that is read from Prometheus; all of them unless some are picked."""
    return {"type": "query", "name": name, "label": label, "datasource": DATASOURCE,
            "query": {"query": metric_query, "refId": f"Variable-{name}"},
            "refresh": 2, "sort": 1, "regex": "", "hide": 0, "skipUrlSync": False, "options": [],
            "multi": True, "includeAll": True,
            "allValue": ".+" if name in ("job", "instance") else ".*",
            "current": {"selected": True, "text": ["All"], "value": ["$__all"]}}


SOURCES = {
    "job": "firstline_build_info",
    "instance": 'firstline_build_info{job=~"$job"}',
    "workspace": 'firstline_workspace_owned{job=~"$job"}',
    "queue": 'firstline_inquiries_waiting{job=~"$job", workspace=~"$workspace"}',
    "channel": 'firstline_inquiries_submitted_total{job=~"$job", workspace=~"$workspace"}',
    "team": 'firstline_agents{job=~"$job", workspace=~"$workspace"}',
}


def _window():
    values = ["15m", "30m", "1h", "4h", "8h"]
    return {"type": "custom", "name": "window", "label": "Figures over the last",
            "query": ",".join(values), "multi": False, "includeAll": False, "hide": 0,
            "skipUrlSync": False, "current": {"selected": True, "text": "1h", "value": "1h"},
            "options": [{"selected": value == "1h", "text": value, "value": value}
                        for value in values]}


def variables(names):
    datasource = {"type": "datasource", "name": "datasource", "label": "Data Source",
                  "query": "prometheus", "refresh": 1, "regex": "", "hide": 0, "multi": False,
                  "includeAll": False, "skipUrlSync": False, "options": [], "current": {}}
    return [datasource] + [
        _window() if name == "window" else
        _choice(name, name.capitalize(), f"label_values({SOURCES[name]}, {name})")
        for name in names]


def _place(rows):
    """Gives each panel its id and its place: rows below one another, panels side by side."""
    placed, y = [], 0
    for one in rows:
        placed.append({"type": "row", "title": one["title"], "collapsed": False, "panels": [],
                       "gridPos": {"h": 1, "w": 24, "x": 0, "y": y}})
        y += 1
        free = [panel for panel in one["panels"] if not panel["_width"]]
        rest = 24 - sum(panel["_width"] or 0 for panel in one["panels"])
        # Columns that do not divide evenly go to the first ones.
        shares = [rest // len(free) + (index < rest % len(free)) for index in range(len(free))]
        x = 0
        for panel in one["panels"]:
            width = panel.pop("_width") or shares.pop(0)
            panel["gridPos"] = {"h": one["height"], "w": width, "x": x, "y": y}
            x += width
            placed.append(panel)
        assert x <= 24, one["title"]
        y += one["height"]
    for number, panel in enumerate(placed, 1):
        panel["id"] = number
    return placed


def dashboard(uid, title, description, names, rows, refresh="30s", since="now-3h"):
    """`names`: the variables, in their order; job and instance are always the first two."""
    return {
        "uid": uid, "title": title, "description": description, "tags": ["firstline"],
        "schemaVersion": 39, "version": 1, "editable": False, "graphTooltip": 1, "refresh": refresh,
        "time": {"from": since, "to": "now"}, "timepicker": {}, "timezone": "browser",
        "weekStart": "", "fiscalYearStartMonth": 0, "liveNow": False, "annotations": {"list": []},
        "links": [{"type": "dashboards", "title": "Firstline", "tags": ["firstline"],
                   "asDropdown": True, "includeVars": True, "keepTime": True, "targetBlank": False,
                   "icon": "external link", "tooltip": "", "url": ""}],
        "templating": {"list": variables(["job", "instance", *names])},
        "panels": _place(rows)}
