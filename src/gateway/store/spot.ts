/** Where something begins in the journal: in which segment, from which byte. */
export interface Place {
  readonly segment: number
  readonly offset: number
}

/** And how many bytes it has. */
export interface Spot extends Place {
  readonly length: number
}

/** Where the record of a task lies that the journal calls by this number. */
export interface TaskSpot {
  readonly task: number
  readonly spot: Spot
}
