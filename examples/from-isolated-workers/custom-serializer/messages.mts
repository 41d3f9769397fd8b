import type { DefineMessages } from 'hawser';

export type Messages = DefineMessages<{
  schedule: {
    payload: { title: string; start: Date; seats: Map<string, bigint> };
    result: { end: Date; seats: Map<string, bigint> };
  };
}>;
