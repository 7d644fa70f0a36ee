const ALIASES: Readonly<Record<string, string>> = {
  javascript: 'javascript js jsx mjs cjs',
  typescript: 'typescript ts tsx mts',
  python: 'python py python3',
  bash: 'bash sh shell zsh console terminal',
  json: 'json jsonc json5 chart chartjs chart.js',
  xml: 'xml html htm svg vue svelte xhtml',
  css: 'css scss less',
  sql: 'sql postgresql mysql sqlite',
  yaml: 'yaml yml',
  go: 'go golang',
  rust: 'rust rs',
  java: 'java kotlin kt',
  cpp: 'c c++ cpp cc h hpp',
  csharp: 'csharp cs c#',
  php: 'php',
  ruby: 'ruby rb',
  diff: 'diff patch',
  markdown: 'markdown md',
  ini: 'ini toml conf env',
  dockerfile: 'dockerfile docker',
}

const LANGUAGES: ReadonlyMap<string, string> = new Map(
  Object.entries(ALIASES).flatMap(([name, all]) => all.split(' ').map((alias) => [alias, name] as const)),
)

/** The highlighter's name of a language, if it is one of those that come with this page. */
export function languageOf(written: string): string | undefined {
  return LANGUAGES.get(written.toLowerCase())
}
