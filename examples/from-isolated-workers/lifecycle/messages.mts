import type { DefineMessages } from 'hawser';

export type Messages = DefineMessages<{
  increment: { payload: { amount: number }; result: { counter: number } };
  status: { payload: Record<string, never>; result: { requests: number } };
}>;
