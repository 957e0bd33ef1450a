import type { GroupIdentity, IdentityRenewal } from './port.ts'

/** Runs a request of a member, and again with each identity that `renew` gives where the group refuses it. */
export async function withRenewal(
  member: GroupIdentity,
  renew: IdentityRenewal | undefined,
  request: (member: GroupIdentity) => Promise<void>,
): Promise<void> {
  let current = member
  for (;;) {
    try {
      await request(current)
      return
    } catch (error) {
      const renewed = await renew?.(current, error)
      if (renewed === undefined) throw error
      current = renewed
    }
  }
}
