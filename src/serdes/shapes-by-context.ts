import { LearnedShape } from './learned-shape.ts'
import type { SerdeContext } from './serde.ts'

/** More topics than this are served without shapes, so that what is remembered is bounded. */
const maxTopics = 256

/** One shape for each topic's keys and one for its values: one serde serves many topics and stores. */
export class ShapesByContext {
  readonly #keys = new Map<string, LearnedShape>()
  readonly #values = new Map<string, LearnedShape>()

  /** Undefined where there are too many topics. */
  of({ topic, part }: SerdeContext): LearnedShape | undefined {
    const shapes = part === 'key' ? this.#keys : this.#values
    let learned = shapes.get(topic)
    if (learned === undefined && shapes.size < maxTopics) {
      learned = new LearnedShape()
      shapes.set(topic, learned)
    }
    return learned
  }
}
