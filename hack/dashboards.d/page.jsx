/* Draws a dashboard with Grafana's own components: window.board is its JSON, window.answers what Prometheus said, by
   panel: [{legend, series: [{metric, values: [[seconds, "text"], ...]}]}], window.range {from, to} in milliseconds. */
import { createRoot } from 'react-dom/client';
import { createDataFrame, createTheme, dateTime, EventBusSrv, FieldType, getDisplayProcessor, reduceField } from '@grafana/data';
import { BigValue, GlobalStyles, PanelChrome, PanelContextProvider, ThemeContext, TimeSeries } from '@grafana/ui';

const CELL = 38, GAP = 8, COLUMNS = 24, WIDTH = 1600;
const theme = createTheme({ colors: { mode: window.mode || 'light' } });

function nameOf(legend, metric) {
    if (legend !== '__auto')
        return legend.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => metric[label] ?? '');
    const labels = Object.entries(metric).filter(([k]) => k !== '__name__').map(([k, v]) => `${k}="${v}"`);
    return `${metric.__name__ ?? ''}{${labels.join(', ')}}`;
}

/* A gap where Prometheus gave nothing, as its data source does. */
function frameOf(legend, { metric, values }, step) {
    const times = [], numbers = [];
    for (const [seconds, text] of values) {
        if (times.length > 0 && seconds * 1000 - times[times.length - 1] > 1.5 * step) {
            times.push(times[times.length - 1] + step);
            numbers.push(null);
        }
        times.push(seconds * 1000);
        numbers.push(Number(text));
    }
    const name = nameOf(legend, metric);
    return createDataFrame({
        name,
        fields: [{ name: 'Time', type: FieldType.time, values: times },
                 { name: 'Value', type: FieldType.number, values: numbers, config: { displayNameFromDS: name } }],
    });
}

/* The dashboards override no field, so the panel's defaults are all there is to apply. */
function framesOf(panel) {
    const answers = window.answers[panel.id] ?? [];
    const frames = answers.flatMap(({ legend, series }) => series.map((one) => frameOf(legend, one, window.step)));
    frames.forEach((frame, seriesIndex) => {
        const field = frame.fields[1];
        field.config = { ...panel.fieldConfig.defaults, ...field.config };
        field.state = { seriesIndex };
        field.display = getDisplayProcessor({ field, theme, timeZone: 'utc' });
    });
    return frames;
}

const range = { from: dateTime(window.range.from), to: dateTime(window.range.to) };
range.raw = range;

function Stat({ panel, frames, width, height }) {
    const all = frames.map((f) => f.fields[1]);
    const each = width / Math.max(all.length, 1);
    return <div style={{ display: 'flex' }}>{all.map((field, i) => {
        const last = reduceField({ field, reducers: panel.options.reduceOptions.calcs })[panel.options.reduceOptions.calcs[0]];
        const value = field.display(last);
        return <BigValue key={i} width={each} height={height} theme={theme} value={value} colorMode={panel.options.colorMode}
            graphMode={panel.options.graphMode} textMode={panel.options.textMode} justifyMode={panel.options.justifyMode}
            sparkline={{ x: frames[i].fields[0], y: field, timeRange: range }} />;
    })}</div>;
}

function Lines({ panel, frames, width, height }) {
    return <TimeSeries frames={frames} timeRange={range} timeZone="utc" width={width} height={height} structureRev={1}
        legend={panel.options.legend} options={panel.options} />;
}

const KINDS = { stat: Stat, timeseries: Lines };

function Panel({ panel }) {
    const { x, y, w, h } = panel.gridPos;
    const column = WIDTH / COLUMNS;
    const place = { position: 'absolute', left: x * column + GAP / 2, top: y * CELL + GAP / 2 };
    const width = w * column - GAP, height = h * CELL - GAP;
    if (panel.type === 'row')
        return <h4 style={{ ...place, color: theme.colors.text.primary }}>{panel.title}</h4>;
    const frames = framesOf(panel), Kind = KINDS[panel.type];
    return <div style={place}><PanelChrome title={panel.title} description={panel.description} width={width} height={height}>
        {(innerWidth, innerHeight) => frames.length === 0
            ? <div data-empty={panel.title} style={{ textAlign: 'center', color: theme.colors.text.secondary }}>No data</div>
            : <Kind panel={panel} frames={frames} width={innerWidth} height={innerHeight} />}
    </PanelChrome></div>;
}

const context = { eventsScope: 'x', eventBus: new EventBusSrv() };
const rows = Math.max(...window.board.panels.map(({ gridPos: { y, h } }) => y + h));

createRoot(document.getElementById('board')).render(
    <ThemeContext.Provider value={theme}><GlobalStyles /><PanelContextProvider value={context}>
        <h2 style={{ padding: GAP }}>{window.board.title}</h2>
        <div style={{ position: 'relative', width: WIDTH, height: rows * CELL }}>
            {window.board.panels.map((panel) => <Panel key={panel.id} panel={panel} />)}
        </div>
    </PanelContextProvider></ThemeContext.Provider>);
