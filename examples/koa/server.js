import Koa from 'koa';

const app = new Koa();

app.use((context) => {
  context.body = `Hello from process ${process.pid}\n`;
});

app.listen(process.env.PORT ?? 8080);
