import fc from 'fast-check'

const point = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 0xff }) },
  { weight: 1, arbitrary: fc.integer({ min: 0x100, max: 0xd7ff }) },
  { weight: 1, arbitrary: fc.integer({ min: 0xe000, max: 0x10ffff }) },
)

/** Text of any characters, controls among them. Its likes in the library take seconds to set up. */
export const anyText = (maxLength = 20): fc.Arbitrary<string> =>
  fc.array(point, { maxLength }).map((points) => String.fromCodePoint(...points))
