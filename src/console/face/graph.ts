/** A graph out of the same points: some are nodes, the others lie along its edges. Any first part of them is the whole graph, thinner. */
export interface Web {
  /** Where a point belongs: three times as wide as high, for the page is stretched to it. */
  readonly place: Float32Array
  /** Light on it, how much of it is magenta, how far along its edge (with a beginning of its own), and 1 in a node. */
  readonly link: Float32Array
}

export type Spot = readonly [x: number, y: number, z: number]
export type Edge = readonly [from: number, to: number]

const NODES = 110
const APART = 0.2
const NEIGHBOURS = 3
const IN_NODES = 0.2
export const WEB_REACH: Spot = [1.5, 1.5, 0.9]

export function weave(count: number, random: () => number): Web {
  const spots = scatter(random)
  const edges = connect(spots)
  const degree = spots.map((_, at) => edges.filter(([from, to]) => from === at || to === at).length)
  const starts = edges.map(() => random())
  const place = new Float32Array(count * 3)
  const link = new Float32Array(count * 4)
  for (let point = 0; point < count; point += 1) {
    const isNode = random() < IN_NODES
    const at = Math.floor(random() * (isNode ? spots.length : edges.length))
    if (isNode) {
      const hub = (degree[at] ?? 1) / 7
      place.set(inNode(spots[at] ?? [0, 0, 0], 0.004 + 0.009 * hub, random), point * 3)
      link.set([0.45 + 0.5 * Math.min(1, hub), at % 5 === 0 ? 0.95 : 0, 0, 1], point * 4)
    } else {
      const [from, to] = edges[at] ?? [0, 0]
      const along = random()
      place.set(between(spots[from] ?? [0, 0, 0], spots[to] ?? [0, 0, 0], along, random), point * 3)
      const isWarm = from % 5 === 0 && to % 5 === 0
      link.set([0.2 + 0.2 * random(), isWarm ? 0.8 : 0, along * 0.6 + (starts[at] ?? 0), 0], point * 4)
    }
  }
  return { place, link }
}

/** Nodes that keep a distance, for a heap of them would be a blot. */
export function scatter(random: () => number): readonly Spot[] {
  const spots: Spot[] = []
  for (let tries = 0; spots.length < NODES && tries < NODES * 200; tries += 1) {
    const spot: Spot = [
      (random() * 2 - 1) * WEB_REACH[0],
      (random() * 2 - 1) * WEB_REACH[1],
      (random() * 2 - 1) * WEB_REACH[2],
    ]
    if (spots.every((other) => apart(spot, other) > APART)) spots.push(spot)
  }
  return spots
}

/** Every node to its nearest, and every island to the main land. */
export function connect(spots: readonly Spot[]): readonly Edge[] {
  const edges = new Map<string, Edge>()
  const add = (a: number, b: number) => edges.set(`${Math.min(a, b)} ${Math.max(a, b)}`, [a, b])
  const near = (at: number, among: readonly number[]) =>
    among
      .filter((other) => other !== at)
      .sort(
        (a, b) =>
          apart(spots[at] ?? [0, 0, 0], spots[a] ?? [0, 0, 0]) -
          apart(spots[at] ?? [0, 0, 0], spots[b] ?? [0, 0, 0]),
      )
  const all = spots.map((_, at) => at)
  for (const at of all) for (const other of near(at, all).slice(0, NEIGHBOURS)) add(at, other)
  const land = new Set([0])
  while (land.size < spots.length) {
    const reached = [...edges.values()].find(([a, b]) => land.has(a) !== land.has(b))
    if (reached) for (const at of reached) land.add(at)
    else {
      const island = all.find((at) => !land.has(at)) ?? 0
      const shore = near(island, [...land])[0] ?? 0
      add(island, shore)
    }
  }
  return [...edges.values()]
}

function apart(a: Spot, b: Spot): number {
  // Seen from the front, so depth counts for less.
  return Math.hypot(a[0] - b[0], a[1] - b[1], (a[2] - b[2]) * 0.4)
}

function inNode(spot: Spot, size: number, random: () => number): Spot {
  const angle = random() * Math.PI * 2
  const away = size * random()
  return [spot[0] + Math.cos(angle) * away, spot[1] + Math.sin(angle) * away, spot[2]]
}

function between(a: Spot, b: Spot, part: number, random: () => number): Spot {
  const loose = () => (random() - 0.5) * 0.006
  return [
    a[0] + (b[0] - a[0]) * part + loose(),
    a[1] + (b[1] - a[1]) * part + loose(),
    a[2] + (b[2] - a[2]) * part,
  ]
}
