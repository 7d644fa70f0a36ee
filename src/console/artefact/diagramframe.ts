/** Fixed here and locked, so that no diagram's own directives or front matter change it. */
const LOCKED = [
  'secure',
  'securityLevel',
  'startOnLoad',
  'maxTextSize',
  'maxEdges',
  'suppressErrorRendering',
  'theme',
  'themeVariables',
  'themeCSS',
  'darkMode',
  'fontFamily',
  'altFontFamily',
  'fontSize',
  'htmlLabels',
  'dompurifyConfig',
  'logLevel',
  'deterministicIds',
  'legacyMathML',
  'forceLegacyMathML',
]

const FONT = 'Inter, system-ui, sans-serif'

const CONFIG = {
  startOnLoad: false,
  securityLevel: 'strict',
  secure: LOCKED,
  maxTextSize: 50_000,
  maxEdges: 1_000,
  suppressErrorRendering: true,
  logLevel: 'fatal',
  htmlLabels: false,
  flowchart: { htmlLabels: false, curve: 'basis', padding: 14 },
  class: { htmlLabels: false },
  fontFamily: FONT,
  fontSize: 15,
  theme: 'base',
  darkMode: true,
  themeVariables: {
    darkMode: true,
    fontFamily: FONT,
    fontSize: '15px',
    background: '#0b0f16',
    primaryColor: '#10202b',
    primaryTextColor: '#e8edf4',
    primaryBorderColor: '#2a8fa3',
    secondaryColor: '#201326',
    secondaryBorderColor: '#8d3d7d',
    secondaryTextColor: '#e8edf4',
    tertiaryColor: '#111824',
    tertiaryBorderColor: '#334155',
    tertiaryTextColor: '#a9b4c4',
    lineColor: '#8592a6',
    textColor: '#e8edf4',
    titleColor: '#e8edf4',
    edgeLabelBackground: '#0b0f16',
    clusterBkg: '#0d131d',
    clusterBorder: '#263243',
    noteBkgColor: '#241c10',
    noteTextColor: '#ffd9a3',
    noteBorderColor: '#8a6a3a',
    errorBkgColor: '#2a1219',
    errorTextColor: '#ff8ea1',
    activationBkgColor: '#1b3947',
    actorLineColor: '#475569',
    pie1: '#1f9fb3',
    pie2: '#b8803a',
    pie3: '#b1388f',
    pie4: '#5d70c4',
    pie5: '#6fb6c4',
    pie6: '#c4a06f',
    pieStrokeColor: '#0b0f16',
    pieOuterStrokeColor: '#0b0f16',
    pieOpacity: '1',
    pieSectionTextColor: '#ffffff',
    pieTitleTextColor: '#e8edf4',
    pieLegendTextColor: '#a9b4c4',
    git0: '#1f9fb3',
    git1: '#b1388f',
    git2: '#b8803a',
    git3: '#5d70c4',
    gitBranchLabel0: '#ffffff',
    commitLabelColor: '#e8edf4',
    commitLabelBackground: '#111824',
  },
} as const

/**
 * The page in the frame that draws. It is told the library and the text of the diagram, answers with a picture in
 * words, and is thrown away. Mermaid loads what labels point at while it draws; in there, nothing can be loaded.
 */
export const DRAWING_PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>diagram</title><body><script>
addEventListener('message', async (event) => {
  if (event.source !== parent) return
  const tell = (message) => parent.postMessage({ type: 'ghost:diagram', ...message }, '*')
  try {
    const script = document.createElement('script')
    script.textContent = event.data.library
    document.head.append(script)
    mermaid.initialize(${JSON.stringify(CONFIG)})
    tell({ step: 'drawing' })
    const { svg } = await mermaid.render('diagram', event.data.source)
    const box = document.createElement('div')
    box.innerHTML = svg
    const drawing = box.querySelector('svg')
    const [, , width, height] = (drawing.getAttribute('viewBox') ?? '').split(/[ ,]+/).map(Number)
    drawing.style.removeProperty('max-width')
    if (width > 0 && height > 0) {
      drawing.setAttribute('width', String(width))
      drawing.setAttribute('height', String(height))
    }
    tell({ step: 'drawn', svg: new XMLSerializer().serializeToString(drawing), width, height })
  } catch (error) {
    tell({ step: 'failed', trouble: String(error?.message ?? error) })
  }
}, { once: true })
parent.postMessage({ type: 'ghost:diagram', step: 'ready' }, '*')
</script>`
