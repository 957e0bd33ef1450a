import { LearnedShape } from './learned-shape.ts'
import type { SerdeContext } from './serde.ts'

/** More topics than this are served without shapes, so that what is remembered is bounded. */
const maxTopics = 256
/** So many contexts are known by being the same object as before, which costs next to nothing. */
const maxRecent = 8

interface Recent {
  readonly context: SerdeContext
  readonly learned: LearnedShape | undefined
}

/** One shape for each topic's keys and one for its values: one serde serves many topics and stores. */
export class ShapesByContext {
  readonly #keys = new Map<string, LearnedShape>()
  readonly #values = new Map<string, LearnedShape>()
  readonly #recent: Recent[] = []
  #oldest = 0

  /** Undefined where there are too many topics. */
  of(context: SerdeContext): LearnedShape | undefined {
    const recent = this.#recent
    for (let i = 0; i < recent.length; i++) {
      if (recent[i]!.context === context) return recent[i]!.learned
    }
    return this.#find(context)
  }

  #find(context: SerdeContext): LearnedShape | undefined {
    const { topic, part } = context
    const shapes = part === 'key' ? this.#keys : this.#values
    let learned = shapes.get(topic)
    if (learned === undefined && shapes.size < maxTopics) {
      learned = new LearnedShape()
      shapes.set(topic, learned)
    }
    this.#recent[this.#oldest] = { context, learned }
    this.#oldest = (this.#oldest + 1) % maxRecent
    return learned
  }
}
