socket.bind({
  address: 'localhost',
  port: 8000,
  exclusive: true
});
