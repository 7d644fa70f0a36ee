/** A file as text; the bundler puts it in place. */
declare module '*?raw' {
  const text: string
  // biome-ignore lint/style/noDefaultExport: the bundler has no other
  export default text
}
