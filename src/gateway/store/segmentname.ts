/** What a segment's file is called: its number, and the mark of its records, which stands nowhere else. */
export function segmentName(number: number, mark: number): string {
  const [digits, hex] = [String(number), mark.toString(16)].map((part) => part.padStart(8, '0'))
  return `${digits}-${hex}.journal`
}

/** Undefined: no segment is called that. */
export function segmentNamed(name: string): { readonly number: number; readonly mark: number } | undefined {
  const [, number, mark] = /^(\d{8,})-([0-9a-f]{8})\.journal$/.exec(name) ?? []
  return number === undefined ? undefined : { number: Number(number), mark: Number(`0x${mark}`) }
}
