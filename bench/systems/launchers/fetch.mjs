/**
 * The applications that Bun and Deno serve, as fetch handlers, which is how both want them: hello, timer, json and post
 * of ../../apps. (What computes is left out: other engines do the same work at another speed, so the figures would tell
 * of the engines, not of how the work is shared.)
 */
const item = (id) => ({
  id,
  name: `item ${id}`,
  price: id * 1.25,
  tags: ['a', 'b', 'c'],
  stock: { here: id, there: 0 },
});

export const handlers = {
  hello: () => new Response('Hello, World!'),
  timer: () => new Promise((answer) => setTimeout(() => answer(new Response('')), 100)),
  json: () => Response.json({ items: Array.from({ length: 20 }, (_, id) => item(id)) }),
  post: async (request) => {
    const numbers = await request.json();
    return Response.json({ count: numbers.length, sum: numbers.reduce((sum, number) => sum + number, 0) });
  },
};
