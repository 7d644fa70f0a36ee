/** Hands over a file. Its type is one that no browser opens in the place of this page. */
export function save(what: Blob | string, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([what], { type: 'application/octet-stream' }))
  link.download = name.replaceAll(/[/\\\p{Cc}\p{Cf}]/gu, '_').slice(-120) || 'file'
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
