/** Who is connected to which channel now. */
import type { MemberView } from '../../contracts/channels.ts';

export interface Presence {
  enter(channelId: string, connection: string, who: MemberView | null): void;
  leave(channelId: string, connection: string): void;
  /** The channels it has left. */
  leaveAll(connection: string): string[];
  /** Each person once, however many connections they have; by name. */
  members(channelId: string): MemberView[];
}

export const createPresence = (): Presence => {
  const channels = new Map<string, Map<string, MemberView>>();
  const leave = (channelId: string, connection: string): boolean => {
    const there = channels.get(channelId);
    const left = there?.delete(connection) === true;
    if (there?.size === 0) channels.delete(channelId);
    return left;
  };
  return {
    enter(channelId, connection, who) {
      if (who === null) return;
      const there = channels.get(channelId) ?? new Map<string, MemberView>();
      channels.set(channelId, there.set(connection, who));
    },
    leave,
    leaveAll: (connection) => [...channels.keys()].filter((channelId) => leave(channelId, connection)),
    members: (channelId) => {
      const people = new Map([...(channels.get(channelId)?.values() ?? [])].map((member) => [member.entityId, member]));
      return [...people.values()].toSorted((a, b) => a.name.localeCompare(b.name));
    },
  };
};
