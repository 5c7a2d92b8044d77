import { z } from 'zod';

export const CounterDocument = z.object({ n: z.int(), recent: z.array(z.int()), padding: z.string() });
export type CounterDocument = z.infer<typeof CounterDocument>;

/** Makes the file's length depend on its content, so that a mixture of two versions shows. */
export const paddingFor = (n: number): string => String(n % 10).repeat((n * 7_919) % 40_000);
